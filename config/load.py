"""Reads the settings file: TOML, then a mall's own table over the top over the defaults, checked.

Every problem is one `SettingsError`, a sentence that says what to do; nothing is guessed. A value
that is refused is never repeated where it could be a secret.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, get_args

import msgspec

from config.settings import (
    KINDS_OF_SWITCH,
    LAG_S,
    LAG_S_OF_KIND,
    LATE_AFTER_TIMEOUT_S,
    POLL_INTERVAL_S,
    POLL_INTERVAL_SPEED_UP_S,
    KindName,
    MallSettings,
    Settings,
    SettingsError,
)
from config.values import checked, fields_of, nearest, text, web_address

KINDS: Final = tuple(str(kind) for kind in get_args(KindName))
NAME_SHAPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
SETTINGS_BYTES_MAX: Final = 1_048_576

HOUSE_FIELDS: Final = {
    name: field for name, field in fields_of(Settings).items() if name not in {"malls", "source"}
}
ACCOUNT_NAMES: Final = ("name", "kind", "base_url", "speed", "shop_url")
"""What only a mall's own table may hold."""
MALL_FIELDS: Final = fields_of(MallSettings)
SHARED_NAMES: Final = tuple(name for name in MALL_FIELDS if name not in ACCOUNT_NAMES)
"""What may stand at the top for all malls, or in a mall's own table."""
NOT_FOR_KIND: Final = {
    ("yahoo", "import_details"): "none",
    ("aupay", "import_details"): "all",
}
"""The value of a switch that means nothing to one of the kinds that know the switch."""
CREDENTIAL_NAMES: Final = (
    "service_secret", "license_key", "seller_id", "client_id", "client_secret", "refresh_token",
    "public_key", "public_key_version", "api_key", "token", "password",
)  # fmt: skip

Table = Mapping[str, object]


def load_settings(path: Path) -> Settings:
    """The settings in that file. Raises `SettingsError`, nothing else."""
    source = Path(path).absolute()
    try:
        with source.open("rb") as file:
            content = file.read(SETTINGS_BYTES_MAX + 1)
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no such settings file: write one, or name another with --config.",
            f"設定ファイル {path} がありません。作成するか、--config で指定してください。",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{path}: the settings file cannot be read: {error.strerror}.",
            f"設定ファイル {path} を読めません({error.strerror})。",
        ) from None
    if len(content) > SETTINGS_BYTES_MAX:
        raise SettingsError(
            f"{path}: this is no settings file: it is larger than 1 MiB.",
            f"{path} は設定ファイルではないようです(1 MiB を超えています)。",
        )
    return parse_settings(content, source)


def parse_settings(content: bytes, source: Path) -> Settings:
    """The settings in the content of the file `source`, which gives relative paths their place."""
    where = str(source)
    try:
        top = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SettingsError(
            f"{where}: save the file as UTF-8.", "設定ファイルを UTF-8 で保存してください。"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{where}: this is not valid TOML: {error}.",
            f"TOML の書き方に誤りがあります({error})。",
        ) from None
    tables = _mall_tables(top, where)
    _refuse_unknown_at_top(top, where)
    house = {
        name: checked(name, top[name], field.type, where)
        for name, field in HOUSE_FIELDS.items()
        if name in top and name not in {"state_dir", "database"}
    }
    malls = _malls(top, tables, where)
    state_dir = _state_dir(top, source)
    base_mall = _base_mall(top, malls, where)
    house |= {"base_mall": base_mall, "state_dir": state_dir, "malls": malls, "source": source}
    house["database"] = _database(top, state_dir, source)
    return msgspec.convert(house, Settings)


def _mall_tables(top: Table, where: str) -> list[Table]:
    tables = top.get("malls", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(
            f"{where}: write each mall as a table of its own that begins with [[malls]].",
            "モールはそれぞれ [[malls]] で始まる表として書いてください。",
        )
    if not tables:
        raise SettingsError(
            f"{where}: add at least one mall, as a [[malls]] table with a name and a kind.",
            "モールを 1 つ以上、name と kind のある [[malls]] の表として追加してください。",
        )
    return tables


def _refuse_unknown_at_top(top: Table, where: str) -> None:
    for name in top:
        if name in HOUSE_FIELDS or name in SHARED_NAMES or name == "malls":
            continue
        if name in ACCOUNT_NAMES:
            raise SettingsError(
                f"{where}: {name} belongs into a [[malls]] table, not at the top.",
                f"{name} は先頭ではなく [[malls]] の表の中に書いてください。",
            )
        raise _unknown(name, (*HOUSE_FIELDS, *SHARED_NAMES, "malls"), where)


def _malls(top: Table, tables: list[Table], where: str) -> tuple[MallSettings, ...]:
    common = {
        name: checked(name, top[name], MALL_FIELDS[name].type, where)
        for name in SHARED_NAMES
        if name in top
    }
    malls: dict[str, MallSettings] = {}
    for position, table in enumerate(tables, 1):
        mall = _mall(common, table, f"{where}: mall number {position}", where)
        # Key files carry the name, and some file systems do not tell the case of letters.
        if mall.name.lower() in malls:
            raise SettingsError(
                f"{where}: two malls have the name {mall.name}: give each account its own.",
                f"モールの名前 {mall.name} が重複しています。別々の名前を付けてください。",
            )
        malls[mall.name.lower()] = mall
    return tuple(malls.values())


def _mall(common: Table, table: Table, numbered: str, file: str) -> MallSettings:
    name = _mall_name(table, numbered)
    where = f"{file}: mall {name}"
    kind = _kind(table, where)
    own: dict[str, object] = {}
    for key, value in table.items():
        if key in HOUSE_FIELDS:
            raise SettingsError(
                f"{where}: {key} holds for the whole house: write it at the top of the file.",
                f"{key} は全体の設定です。ファイルの先頭に書いてください。",
            )
        if key not in MALL_FIELDS:
            raise _unknown(key, tuple(MALL_FIELDS), where)
        kinds = KINDS_OF_SWITCH.get(key) or (kind,)
        if kind not in kinds:
            listed = " / ".join(kinds)
            raise SettingsError(
                f"{where}: {key} means something for {listed} only: remove it here.",
                f"{key} は {listed} 専用です。このモールからは削除してください。",
            )
        own[key] = checked(key, value, MALL_FIELDS[key].type, where)
    if "base_url" in own:
        own["base_url"] = web_address("base_url", own["base_url"], where)
    elif "speed" in own:
        raise SettingsError(
            f"{where}: speed is for sandboxes: give base_url too, or remove speed.",
            "speed はサンドボックス専用です。base_url も指定するか、speed を削除してください。",
        )
    values = {**common, **own}
    values["poll_interval_s"] = _poll_interval_s(common, own)
    values.setdefault("late_s", _http_timeout_s(values) + LATE_AFTER_TIMEOUT_S)
    values.setdefault("lag_s", LAG_S_OF_KIND.get(kind, LAG_S))
    mall = msgspec.convert(values, MallSettings)
    for name, value in mall.switches.items():
        if NOT_FOR_KIND.get((kind, name)) == value:
            raise SettingsError(
                f'{where}: {name} = "{value}" means nothing for {kind}: take another value.',
                f'{name} = "{value}" は {kind} では使えません。別の値を指定してください。',
            )
    if mall.late_s < mall.http_timeout_s:
        raise SettingsError(
            f"{where}: late_s must be at least http_timeout_s ({mall.http_timeout_s:g}).",
            f"late_s は http_timeout_s({mall.http_timeout_s:g})以上にしてください。",
        )
    return mall


def _mall_name(table: Table, where: str) -> str:
    name = table.get("name")
    if isinstance(name, str) and NAME_SHAPE.fullmatch(name):
        return name
    raise SettingsError(
        f"{where} needs a name of 1 to 32 letters, digits, _ or -, such as rakuten.",
        "[[malls]] には name が必要です(半角英数字と _ - で 32 文字まで。例: rakuten)。",
    )


def _kind(table: Table, where: str) -> str:
    kind = table.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return kind
    listed = " / ".join(KINDS)
    raise SettingsError(
        f"{where}: kind must be one of {listed}.",
        f"kind には {listed} のいずれかを指定してください。",
    )


def _poll_interval_s(common: Table, own: Table) -> object:
    """The nearer word wins: a mall's own interval or speed-up, then those at the top."""
    for values in (own, common):
        if "poll_interval_s" in values:
            return values["poll_interval_s"]
        if "speed_up" in values:
            return POLL_INTERVAL_SPEED_UP_S if values["speed_up"] else POLL_INTERVAL_S
    return POLL_INTERVAL_S


def _http_timeout_s(values: Table) -> float:
    given = values.get("http_timeout_s", MALL_FIELDS["http_timeout_s"].default)
    return float(str(given))


def _state_dir(top: Table, source: Path) -> Path:
    given = Path(text("state_dir", top.get("state_dir", "state"), str(source))).expanduser()
    return (source.parent / given).absolute()


def _base_mall(top: Table, malls: tuple[MallSettings, ...], where: str) -> str:
    names = [mall.name for mall in malls]
    base_mall = top.get("base_mall")
    if isinstance(base_mall, str) and base_mall in names:
        return base_mall
    listed = ", ".join(names)
    raise SettingsError(
        f"{where}: base_mall must be the name of one of the malls: {listed}.",
        f"base_mall には登録したモールの名前({listed})を指定してください。",
    )


def _database(top: Table, state_dir: Path, source: Path) -> str:
    if "database" not in top:
        return f"sqlite:///{state_dir / 'zaiko.db'}"
    where = str(source)
    url = text("database", top["database"], where)
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] in {"postgresql", "postgres"}:
        raise SettingsError(
            f"{where}: a PostgreSQL database is not supported by this version yet: "
            "remove database, and SQLite in state_dir is used.",
            "PostgreSQL はこのバージョンではまだ使えません。database を削除すると state_dir の "
            "SQLite を使います。",
        )
    if scheme != "sqlite" or not rest.startswith("/") or rest == "/" or "?" in rest:
        raise SettingsError(
            f"{where}: database must be an address such as sqlite:///zaiko.db.",
            "database は sqlite:///zaiko.db のような形で指定してください。",
        )
    return f"sqlite:///{(source.parent / Path(rest[1:]).expanduser()).absolute()}"


def _unknown(name: str, known: tuple[str, ...], where: str) -> SettingsError:
    if name in CREDENTIAL_NAMES:
        return SettingsError(
            f"{where}: {name} is a credential and never stands in the settings: "
            "remove it and use `zaiko key set NAME`.",
            f"{name} は認証情報です。設定ファイルから削除し、`zaiko key set モール名` で"
            "登録してください。",
        )
    meant = nearest(name, known)
    hint = f"did you mean {meant}?" if meant else "see config/example.toml for all settings."
    hint_ja = (
        f"{meant} の間違いではありませんか。" if meant else "設定の一覧は config/example.toml。"
    )
    return SettingsError(
        f"{where}: unknown setting {name}: {hint}", f"{name} という設定はありません。{hint_ja}"
    )
