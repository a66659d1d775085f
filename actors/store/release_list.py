"""The query behind `zaiko shadow`: pages of one mall's listings by a cursor."""

from sqlalchemy import Connection, select

from actors.store.schema import PUSH


def push_page(connection: Connection, mall_id: int, after: int, most: int) -> list[int]:
    """Ids of listings of the mall that have a protocol state, by id."""
    rows = connection.execute(
        select(PUSH.c.listing_id)
        .where(PUSH.c.mall_id == mall_id, PUSH.c.listing_id > after)
        .order_by(PUSH.c.listing_id)
        .limit(most)
    )
    return [int(row[0]) for row in rows]
