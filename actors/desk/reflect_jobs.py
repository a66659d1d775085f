"""Reflect jobs (反映): the house itself walks their listings, page by page between letters.

    placing --all are placed--> pushing --all have left--> done
       |                           |
       +-----------stop------------+--> returning --all are back--> stopped --resume--> placing

While a job places, bulk pushes of its malls wait: the breaker sees the whole change before its
first row, and a stop finds nothing half gone. Orders' pushes never wait for it, and one page is
all that a letter waits behind. What a job placed carries its number until it is through, so
progress is counted in an index and every step goes on where it was after a crash.
"""

from collections.abc import Mapping

from msgspec import structs

from actors.desk.account import Account
from actors.desk.reflecting import Reflected, looked_at, outlook, place_reflected
from actors.desk.turn import Turn
from actors.desk.weigh import place, want_of
from actors.store import Connection
from actors.store.push_rows import PushRecord
from actors.store.reflect_rows import JobPage, ReflectJob
from actors.store.store import Store
from engine.links import fold
from engine.push import apply
from engine.push_state import PushCall, TakeBack
from engine.questions import REFLECT_PAGE_MAX, ReflectJobView, StartReflectJob
from engine.reflect_questions import REFLECT_STATES, ReflectStep

# --- words ------------------------------------------------------------------------------------


def start_job(turn: Turn, account: Account | None, letter: StartReflectJob, sender: bytes) -> None:
    """Opens a job; refused while another one of the mall is under way. account None: all malls."""
    mall_id = None if account is None else account.id
    if _refused(turn, mall_id, sender, letter.id):
        return
    job = ReflectJob(
        id=0, mall_id=mall_id, skus=letter.skus, is_diff=letter.diff, step=ReflectStep.PLACING,
        cursor=0, looked_at=0, placed=0, level=0, unsynced=0, shadow=0, blocked=0,
        actor=letter.actor, started_at=turn.now, ended_at=None,
    )  # fmt: skip
    job = turn.store.reflects.open(turn.connection, job)
    said = (f"反映 {job.id} を始めました", f"reflect {job.id} was started by {letter.actor}")
    turn.tell("reflect", account, str(job.id), said)
    _answer(turn, job, sender, letter.id)


def stop_job(turn: Turn, job: ReflectJob, actor: str, sender: bytes, question: int) -> None:
    """Nothing more is placed, and what has not left is taken back; a job that ended stays so."""
    if job.step in (ReflectStep.PLACING, ReflectStep.PUSHING):
        job = structs.replace(job, step=ReflectStep.RETURNING)
        turn.store.reflects.save(turn.connection, job)
        said = (f"反映 {job.id} を止めました", f"reflect {job.id} was stopped by {actor}")
        turn.tell("reflect", turn.accounts.get(job.mall_id or 0), str(job.id), said)
    _answer(turn, job, sender, question)


def resume_job(turn: Turn, job: ReflectJob, actor: str, sender: bytes, question: int) -> None:
    """A stopped job looks at all its listings anew: what was taken back is placed again."""
    if job.step is ReflectStep.DONE:
        turn.deny(
            sender,
            question,
            3,
            (
                f"反映 {job.id} はもう終わっています。",
                f"Reflect {job.id} is done already; nothing changed.",
            ),
        )
        return
    if job.step in (ReflectStep.RETURNING, ReflectStep.STOPPED):
        if _refused(turn, job.mall_id, sender, question, but=job.id):
            return
        job = structs.replace(
            job, step=ReflectStep.PLACING, cursor=0, looked_at=0, level=0, unsynced=0, shadow=0,
            blocked=0, ended_at=None,
        )  # fmt: skip
        turn.store.reflects.save(turn.connection, job)
        said = (f"反映 {job.id} を再開しました", f"reflect {job.id} was resumed by {actor}")
        turn.tell("reflect", turn.accounts.get(job.mall_id or 0), str(job.id), said)
    _answer(turn, job, sender, question)


def _refused(turn: Turn, mall_id: int | None, sender: bytes, question: int, but: int = 0) -> bool:
    for job in turn.store.reflects.unfinished(turn.connection):
        is_other = None not in (mall_id, job.mall_id) and job.mall_id != mall_id
        if job.id != but and not is_other:
            wait = f"反映 {job.id} の途中です。終わるのを待つか、"
            wait_en = f"Reflect {job.id} is under way; wait for its end, "
            stop = f"zaiko reflect stop {job.id}"
            sentences = (f"{wait}{stop} で止めてください。", f"{wait_en}or stop it with: {stop}")
            turn.deny(sender, question, 3, sentences)
            return True
    return False


def _answer(turn: Turn, job: ReflectJob, sender: bytes, question: int) -> None:
    view = _view(turn.store, turn.connection, turn.accounts, job)
    turn.answer(sender, question, view)


# --- looks ------------------------------------------------------------------------------------


def no_such_job(number: int) -> tuple[str, str]:
    """The sentence for a reflect job that is not kept."""
    return (
        f"反映 {number} はありません。zaiko reflect list で確かめてください。",
        f"There is no reflect {number}; look it up with: zaiko reflect list",
    )


def job_views(
    store: Store, connection: Connection, accounts: Mapping[int, Account], number: int | None
) -> list[ReflectJobView]:
    """How far the job of that number is ([]: it is not kept), or all, the newest first."""
    if number is None:
        jobs = store.reflects.kept(connection)
    else:
        found = store.reflects.load(connection, number)
        jobs = [] if found is None else [found]
    return [_view(store, connection, accounts, job) for job in jobs]


def _view(
    store: Store, connection: Connection, accounts: Mapping[int, Account], job: ReflectJob
) -> ReflectJobView:
    waiting = store.pushes.count_reflecting(connection, job.id)
    asked = [one for one in accounts.values() if job.mall_id in (None, one.id)] if waiting else []
    held = [one.name for one in asked if store.breakers.load(connection, one.id).is_tripped]
    account = accounts.get(job.mall_id or 0)
    return ReflectJobView(
        job=job.id,
        mall=None if job.mall_id is None else "" if account is None else account.name,
        skus=job.skus,
        diff=job.is_diff,
        state=REFLECT_STATES[job.step],
        step=str(job.step),
        looked_at=job.looked_at,
        placed=job.placed,
        pushed=job.placed - waiting,
        waiting=waiting,
        level=job.level,
        unsynced=job.unsynced,
        shadow=job.shadow,
        blocked=job.blocked,
        approve=tuple(held) if job.step is ReflectStep.PUSHING else (),
        actor=job.actor,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


# --- the walk ---------------------------------------------------------------------------------


def walk(turn: Turn) -> bool:
    """One page of the oldest job that has one; False: there is nothing to walk now."""
    for job in turn.store.reflects.unfinished(turn.connection):
        match job.step:
            case ReflectStep.PLACING:
                _place_page(turn, job)
                return True
            case ReflectStep.RETURNING:
                _return_page(turn, job)
                return True
            case _ if turn.store.pushes.count_reflecting(turn.connection, job.id) == 0:
                _end(turn, job, ReflectStep.DONE)
    return False


def give_up(turn: Turn) -> None:
    """A page that fails for a bug would fail again for ever: its job ends where it is.

    What it placed goes on by the ordinary rules; a resume looks at all of it anew.
    """
    for job in turn.store.reflects.unfinished(turn.connection):
        if job.step is not ReflectStep.PUSHING:
            _end(turn, job, ReflectStep.STOPPED)
            said = ("反映が内部エラーで止まりました", "a reflect stopped for an internal error")
            turn.tell("reflect", turn.accounts.get(job.mall_id or 0), str(job.id), said)
            turn.wake_all()
            return


def _place_page(turn: Turn, job: ReflectJob) -> None:
    page = _page(turn, job)
    chosen: list[Reflected] = []
    seen = placed = level = unsynced = shadow = blocked = 0
    for one in looked_at(turn, page.ids):
        if job.is_diff and not one.differs:
            continue
        seen += 1
        if not one.listing.is_synced:
            unsynced += 1
        elif one.account.is_shadow:
            shadow += 1
        elif one.reason is not None:
            blocked += 1
        else:
            record, held = one.record, one.record.state.held
            _, result = outlook(one)
            chosen.append(one)
            if result == "level":
                level += 1
                continue
            placed += record.reflect != job.id
            record.reflect = job.id
            record.reflect_held += held
    place_reflected(turn, chosen)
    job = structs.replace(
        job,
        cursor=page.cursor,
        looked_at=job.looked_at + seen,
        placed=job.placed + placed,
        level=job.level + level,
        unsynced=job.unsynced + unsynced,
        shadow=job.shadow + shadow,
        blocked=job.blocked + blocked,
        step=ReflectStep.PUSHING if page.is_last else job.step,
    )
    turn.store.reflects.save(turn.connection, job)
    if page.is_last:
        # Bulk pushes waited for this.
        turn.wake_all()


def _page(turn: Turn, job: ReflectJob) -> JobPage:
    store, connection = turn.store, turn.connection
    if not job.skus:
        return store.reflects.page(connection, job.mall_id, job.cursor, REFLECT_PAGE_MAX)
    skus = store.listings.skus_by_code(connection, [fold(code) for code in job.skus])
    found = store.listings.of_skus(connection, job.mall_id, [sku.id for sku in skus.values()])
    left = sorted({listing_id for listing_id in found if listing_id > job.cursor})
    ids = left[:REFLECT_PAGE_MAX]
    cursor = ids[-1] if ids else job.cursor
    return JobPage(ids, cursor, is_last=len(ids) == len(left))


def _return_page(turn: Turn, job: ReflectJob) -> None:
    """What was placed and has not left goes back to what the ordinary rules ask of it."""
    store, connection = turn.store, turn.connection
    records = store.pushes.reflecting(connection, job.id, REFLECT_PAGE_MAX)
    listings = store.listings.by_id(connection, [record.listing_id for record in records])
    known: dict[int, list[PushRecord]] = {}
    strange: list[int] = []
    returned = 0
    for record in records:
        account = turn.accounts.get(record.mall_id)
        if account is None:
            strange.append(record.listing_id)
            continue
        returned += not _has_left(record)
        held, record.reflect, record.reflect_held = record.reflect_held, 0, 0
        if held:
            record.state = apply(record.state, TakeBack(held), account.rules).state
        listing = listings[record.listing_id]
        place(record, want_of(account, listing, account.to_mall(turn.now), turn.no_rise), account)
        known.setdefault(account.id, []).append(record)
    for mall_id, rows in known.items():
        store.pushes.save(connection, rows, turn.accounts[mall_id].rules)
    store.pushes.end_reflect(connection, strange)
    job = structs.replace(job, placed=job.placed - returned)
    store.reflects.save(connection, job)
    if len(records) < REFLECT_PAGE_MAX:
        _end(turn, job, ReflectStep.STOPPED)
        turn.wake_all()


def _has_left(record: PushRecord) -> bool:
    return isinstance(record.state.call, PushCall) or record.state.feed is not None


def _end(turn: Turn, job: ReflectJob, step: ReflectStep) -> None:
    job = structs.replace(job, step=step, ended_at=turn.now)
    turn.store.reflects.save(turn.connection, job)
    if step is ReflectStep.DONE:
        said = (f"反映 {job.id} が終わりました", f"reflect {job.id} is done")
        account = turn.accounts.get(job.mall_id or 0)
        turn.tell("reflect", account, str(job.id), said, job.placed)
