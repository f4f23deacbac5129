"""Settings: which source wins, and that every fault is one line that helps."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from upload_guard.compose import build_policy
from upload_guard.errors import ConfigError
from upload_guard.list_settings import ExchangeSettings, ListSettings
from upload_guard.loading import load_settings
from upload_guard.records import SignalType
from upload_guard.settings import RouteSettings, Settings
from upload_guard.signal_settings import SignalSettings

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def config(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def fault_of(path: Path | None = None, **arguments: Any) -> str:
    """The one line that loading ends with."""
    with pytest.raises(ConfigError) as caught:
        load_settings(path, **arguments)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line


# Which source wins --------------------------------------------------------------------------------


def test_without_any_source_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().model_dump() == Settings().resolved_against(tmp_path).model_dump()


def test_the_file_overrides_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(config(tmp_path, "[sidecar]\nport = 9001"))
    assert settings.sidecar.port == 9001
    assert settings.sidecar.workers == Settings().sidecar.workers


def test_a_variable_overrides_the_file_and_leaves_its_other_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SIDECAR__PORT", "9002")
    settings = load_settings(config(tmp_path, "[sidecar]\nport = 9001\nworkers = 7"))
    assert (settings.sidecar.port, settings.sidecar.workers) == (9002, 7)


def test_an_argument_overrides_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SIDECAR__PORT", "9002")
    monkeypatch.setenv("UPLOAD_GUARD_SIDECAR__WORKERS", "5")
    settings = load_settings(config(tmp_path, "[sidecar]\nthreads = 3"), sidecar={"port": 9003})
    assert (settings.sidecar.port, settings.sidecar.workers, settings.sidecar.threads) == (9003, 5, 3)


def test_a_variable_can_name_a_file_that_holds_the_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "port").write_text("9004\n")
    monkeypatch.setenv("UPLOAD_GUARD_SIDECAR__PORT_FILE", str(tmp_path / "port"))
    assert load_settings(config(tmp_path, "[sidecar]\nport = 9001")).sidecar.port == 9004


def test_a_top_level_option_can_stand_in_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").write_text("shop")
    monkeypatch.setenv("UPLOAD_GUARD_SITE_FILE", str(tmp_path / "site"))
    assert load_settings().site == "shop"


def test_a_list_can_be_set_by_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_LISTS__ICSE__PDQ_LIMIT", "24")
    assert load_settings().lists == {"icse": ListSettings(pdq_limit=24)}


def test_a_size_may_have_a_unit(tmp_path: Path) -> None:
    assert load_settings(config(tmp_path, '[intake]\nmax_body = "2 MiB"')).intake.max_body == 2 << 20


def test_the_file_can_be_named_by_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_CONFIG", str(config(tmp_path, 'site = "named"')))
    assert load_settings().site == "named"


def test_a_path_given_by_hand_comes_before_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_CONFIG", str(tmp_path / "not there"))
    assert load_settings(config(tmp_path, 'site = "given"')).site == "given"


def test_settings_made_by_a_program_read_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SITE", "elsewhere")
    assert Settings().site == "default"


# Paths --------------------------------------------------------------------------------------------


def test_relative_paths_count_from_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    monkeypatch.chdir(tmp_path)
    file = config(tmp_path / "etc", 'data_dir = "data"\n[intake]\nspool_dir = "../spool"')
    settings = load_settings(file.relative_to(tmp_path))
    assert settings.data_dir == tmp_path / "etc" / "data"
    assert settings.spool_dir == tmp_path / "etc" / ".." / "spool"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    settings = load_settings(config(tmp_path, 'data_dir = "/srv/data"'))
    assert settings.data_dir == Path("/srv/data")
    assert settings.spool_dir == Path("/srv/data/spool")
    assert settings.vault_dir == Path("/srv/data/vault")
    assert settings.lists_dir == Path("/srv/data/lists")
    assert settings.database_url == "sqlite:////srv/data/upload_guard.sqlite3"


def test_an_empty_spool_folder_means_the_one_in_the_data_folder(tmp_path: Path) -> None:
    settings = load_settings(config(tmp_path, 'data_dir = "data"\n[intake]\nspool_dir = ""'))
    assert settings.spool_dir == tmp_path / "data" / "spool"


# Faults -------------------------------------------------------------------------------------------

HTTP = "http://127.0.0.1:8467"
CEILINGS = "'ignore', 'monitor', 'quarantine' or 'block'"
SECTIONS = ", ".join(Settings.model_fields)
WRONG = {
    "unknown section": ("[colour]\nred = 1", "colour", SECTIONS),
    "unknown top-level option": ("colour = 1", "colour", SECTIONS),
    "unknown option": ("[sidecar]\nprot = 1", "sidecar.prot", "host, port, workers, threads"),
    "unknown option of a list": (
        "[lists.icse]\npdq = 1",
        "lists.icse.pdq",
        "actions, pdq_limit, pdq_review_limit, phash_limit, dhash_limit",
    ),
    "text for a number": ('[sidecar]\nport = "x"', "sidecar.port", "a whole number"),
    "fraction for a whole number": ("[sidecar]\nport = 1.5", "sidecar.port", "a whole number"),
    "truth for a whole number": ("[sidecar]\nport = true", "sidecar.port", "else than true or false"),
    "too small": ("[sidecar]\nport = 0", "sidecar.port", "greater than or equal to 1"),
    "too large": ("[sidecar]\nport = 65536", "sidecar.port", "less than or equal to 65535"),
    "text for a fraction": ('[service]\ntimeout = "soon"', "service.timeout", "a number"),
    "value for a section": ("sidecar = 3", "sidecar", "a table of options"),
    "value for all lists": ("lists = 3", "lists", "a table of options"),
    "no size": ('[intake]\nmax_body = "lots"', "intake.max_body", '"512 MiB"'),
    "unknown unit": ('[intake]\nmax_body = "3 XB"', "intake.max_body", '"512 MiB"'),
    "size of nothing": ("[intake]\nmax_body = 0", "intake.max_body", "greater than 0"),
    "number for a path": ("data_dir = 5", "data_dir", "a path in quotes"),
    "number for a text": ("site = 3", "site", "a text in quotes"),
    "site with a blank": ('site = "my shop"', "site", "letters, digits and . _ -"),
    "unknown word": ('[log]\nlevel = "loud"', "log.level", "'debug', 'info', 'warning' or 'error'"),
    "unknown ceiling": ('[trust]\nother = "ban"', "trust.other", CEILINGS),
    "ceiling of a list": ('[lists.icse.actions]\nA1 = "ban"', "lists.icse.actions.A1", CEILINGS),
    "category without a letter": (
        '[lists.icse.actions]\n"!" = "block"',
        "lists.icse.actions",
        "letters, digits",
    ),
    "name that no list can have": ("[lists.ICSE]\npdq_limit = 9", "lists.ICSE", "small letters"),
    "distance too far": ("[trust]\npdq_limit = 61", "trust.pdq_limit", "less than or equal to 60"),
    "distance of a list": (
        "[lists.icse]\npdq_limit = 61",
        "lists.icse.pdq_limit",
        "less than or equal to 60",
    ),
    "probation without end": ("[trust]\nprobation_hours = inf", "trust.probation_hours", "must be"),
    "probation that is no number": (
        "[trust]\nprobation_hours = nan",
        "trust.probation_hours",
        "finite number",
    ),
    "unscannable passing": ('[failure]\nunscannable = "allow"', "failure.unscannable", "'quarantine'"),
    "other scheme": ('[service]\nurl = "ftp://host"', "service.url", HTTP),
    "address without a host": ('[service]\nurl = "http://"', "service.url", HTTP),
    "address with half a host": ('[service]\nurl = "http://[::1"', "service.url", HTTP),
    "address with no such port": ('[service]\nurl = "http://host:99999"', "service.url", HTTP),
    "host for everybody": ('[sidecar]\nhost = "0.0.0.0"', "sidecar.host", "127.0.0.1 or ::1"),
    "host by name": ('[sidecar]\nhost = "example.org"', "sidecar.host", "127.0.0.1 or ::1"),
    "certificate without its key": (
        '[sidecar]\ntls = "own"\ncertificate = "a.pem"',
        "sidecar",
        "certificate and certificate_key both",
    ),
    "certificate that is not used": (
        '[sidecar]\ncertificate = "a.pem"\ncertificate_key = "b.pem"',
        "sidecar",
        'just where sidecar.tls = "own"',
    ),
    "bearer tokens for TLS that is not there": ('[sidecar]\nbearer = "tls"', "sidecar.bearer", "sidecar.tls"),
    "bearer tokens for loopback behind a proxy": (
        '[sidecar]\ntls = "proxy"\nbearer = "loopback"',
        "sidecar.bearer",
        "every peer is the proxy",
    ),
    "half a machine key": ('[service]\nkey_id = "abc"', "service.secret", "together with service.key_id"),
    "the other half": ('[service]\nsecret = "abc"', "service.secret", "together with service.key_id"),
    "a signal log of a year": ("[signal_log]\ndays = 365", "signal_log.days", "90"),
    "connecting for longer than waiting": (
        "[service]\nconnect_timeout = 9\ntimeout = 8",
        "service.timeout",
        "at least service.connect_timeout (9.0)",
    ),
}


@pytest.mark.parametrize(("text", "key", "accepted"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_line_names_file_key_and_what_is_accepted(
    tmp_path: Path, text: str, key: str, accepted: str
) -> None:
    file = config(tmp_path, text)
    line = fault_of(file)
    assert line.startswith(f"{file}: ")
    assert key in line
    assert accepted in line.partition(key)[2]
    assert "must be String should" not in line  # half a sentence


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_the_sidecar_listens_on_loopback(tmp_path: Path, host: str) -> None:
    assert load_settings(config(tmp_path, f'[sidecar]\nhost = "{host}"')).sidecar.host == host


@pytest.mark.parametrize("tls", ['"proxy"', '"own"\ncertificate = "a.pem"\ncertificate_key = "b.pem"'])
def test_with_tls_the_sidecar_listens_anywhere(tmp_path: Path, tls: str) -> None:
    loaded = load_settings(config(tmp_path, f'[sidecar]\nhost = "0.0.0.0"\ntls = {tls}'))
    assert loaded.sidecar.host == "0.0.0.0"  # noqa: S104 - nothing listens
    assert loaded.sidecar.certificate in {None, tmp_path / "a.pem"}
    assert loaded.sidecar.certificate_key in {None, tmp_path / "b.pem"}


def test_a_certificate_to_trust_counts_from_the_files_folder(tmp_path: Path) -> None:
    loaded = load_settings(config(tmp_path, '[service]\nauthority = "ca.pem"'))
    assert loaded.service.authority == tmp_path / "ca.pem"


def test_a_secret_is_shown_neither_by_the_settings_nor_by_a_fault_about_it(tmp_path: Path) -> None:
    loaded = load_settings(config(tmp_path, '[service]\nkey_id = "abc"\nsecret = "hidden"'))
    assert loaded.service.secret.get_secret_value() == "hidden"
    assert "hidden" not in repr(loaded)
    assert "hidden" not in fault_of(config(tmp_path, '[service]\nsecret = "hidden"'))
    assert "hidden" not in fault_of(config(tmp_path, '[service]\nkey_id = "abc"\nsecret = ["hidden"]'))


WRONG_VARIABLES = {
    "value": ("UPLOAD_GUARD_SIDECAR__PORT", "x", "sidecar.port", "a whole number"),
    "empty value": ("UPLOAD_GUARD_SIDECAR__PORT", "", "sidecar.port", "a whole number"),
    "option": ("UPLOAD_GUARD_SIDECAR__PROT", "1", "sidecar.prot", "host, port, workers, threads"),
    "value of a list": ("UPLOAD_GUARD_LISTS__ICSE__PDQ_LIMIT", "61", "lists.icse.pdq_limit", "equal to 60"),
    "top-level option": ("UPLOAD_GUARD_STIE", "x", "no such option", SECTIONS),
    "single underscore": ("UPLOAD_GUARD_SIDECAR_PORT", "9000", "no such option", SECTIONS),
    "lower-case option": ("upload_guard_stie", "x", "no such option", SECTIONS),
    "option below one that has none": ("UPLOAD_GUARD_SITE__NAME", "shop", "site", ""),
    "option below a number": ("UPLOAD_GUARD_SIDECAR__PORT__NUMBER", "9", "sidecar.port", "a whole number"),
    "section that is no JSON": ("UPLOAD_GUARD_SIDECAR", "9000", "sidecar", "a table of options"),
    "section that is half JSON": ("UPLOAD_GUARD_SIDECAR", '{"port":', "sidecar", ""),
    "section with a wrong value": ("UPLOAD_GUARD_SIDECAR", '{"port": 0}', "sidecar.port", "equal to 1"),
    "lists that are no JSON": ("UPLOAD_GUARD_LISTS", "icse", "lists", ""),
    "actions that are no JSON": ("UPLOAD_GUARD_LISTS__ICSE__ACTIONS", "block", "lists", ""),
    "file that is not there": ("UPLOAD_GUARD_SITE_FILE", "/not/there", "/not/there", "No such file"),
    "file that is a folder": ("UPLOAD_GUARD_SITE_FILE", "/", "'/'", "Is a directory"),
    "file in place of none": ("UPLOAD_GUARD_CONFIG_FILE", "/etc/x", "no such option", SECTIONS),
    "one half of two": (
        "UPLOAD_GUARD_SERVICE__TIMEOUT",
        "0.5",
        "service",
        "at least service.connect_timeout",
    ),
}


@pytest.mark.parametrize(
    ("variable", "value", "key", "accepted"), WRONG_VARIABLES.values(), ids=WRONG_VARIABLES.keys()
)
def test_a_wrong_variable_is_named_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, key: str, accepted: str
) -> None:
    monkeypatch.setenv(variable, value)
    line = fault_of()
    assert variable in line
    assert key in line
    assert accepted in line


def test_the_variable_is_named_where_it_hides_a_good_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SIDECAR__PORT", "x")
    line = fault_of(config(tmp_path, "[sidecar]\nport = 9000"))
    assert line.startswith("environment UPLOAD_GUARD_SIDECAR__PORT: sidecar.port: ")


def test_a_wrong_value_from_a_file_of_its_own_names_that_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "port").write_text("high")
    monkeypatch.setenv("UPLOAD_GUARD_SIDECAR__PORT_FILE", str(tmp_path / "port"))
    assert fault_of().startswith("environment UPLOAD_GUARD_SIDECAR__PORT_FILE: sidecar.port: ")


def test_a_form_that_goes_on_as_it_came_is_read_strictly() -> None:
    with pytest.raises(ValidationError, match="strict"):
        RouteSettings(path="/x", forward="original", forms="lenient")


def test_a_value_file_that_is_no_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("UPLOAD_GUARD_SITE_FILE", str(tmp_path / "site"))
    assert "UPLOAD_GUARD_SITE_FILE" in fault_of()


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"sidecar": {"port": 0}}, "sidecar.port"),
        ({"sidecar": {"prot": 1}}, "sidecar.prot"),
        ({"colour": 1}, "colour"),
    ],
    ids=["value", "option", "top-level option"],
)
def test_a_wrong_argument_is_said_to_be_one(tmp_path: Path, arguments: dict[str, Any], key: str) -> None:
    file = config(tmp_path, "[sidecar]\nport = 9000")
    assert fault_of(file, **arguments).startswith(f"argument: {key}: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "not there.toml"
    assert fault_of(file) == f"{file}: cannot be read: No such file or directory"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert fault_of(tmp_path).startswith(f"{tmp_path}: cannot be read: ")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b'site = "\xff"')
    assert fault_of(file) == f"{file}: cannot be read: it is not UTF-8 text"


def test_a_file_that_is_not_toml_is_named_with_the_line(tmp_path: Path) -> None:
    file = config(tmp_path, 'site = "shop"\nport: 1\n')
    line = fault_of(file)
    assert line.startswith(f"{file}: is not TOML: ")
    assert "line 2" in line


def test_every_probation_that_is_accepted_can_be_kept(tmp_path: Path) -> None:
    file = config(tmp_path, "[trust]\nprobation_hours = 1e15")
    try:
        settings = load_settings(file)
    except ConfigError:
        return
    assert build_policy(settings)


# Exchanges ----------------------------------------------------------------------------------------


def exchange(**options: object) -> dict[str, Any]:
    """Settings of a list with an exchange."""
    own = {"url": "https://lists.example.org/icse", "origin": "interpol"} | options
    return {"icse": {"exchange": own}}


@pytest.mark.parametrize(
    "url",
    [
        "https://lists.example.org:8443/icse.csv?day=1",
        "http://127.0.0.1:8080/icse",
        "http://[::1]/icse",
        "http://localhost/icse",
        "file:///srv/lists/icse",
    ],
)
def test_a_list_comes_from_such_an_address(url: str) -> None:
    own = load_settings(lists=exchange(url=url)).lists["icse"].exchange
    assert own is not None
    assert own.url == url


@pytest.mark.parametrize(
    "url",
    ["", "lists.example.org/icse", "ftp://host/icse", "https://", "https://host:0/", "https://host:x/",
     "https://site:secret@host/icse", "https://host/icse#part", "file://host/icse", "file:icse", "https://[/"],
)  # fmt: skip
def test_and_from_no_other(url: str) -> None:
    assert "lists.icse.exchange.url: must be an address such as" in fault_of(lists=exchange(url=url))


def test_a_list_that_anybody_on_the_way_could_change_needs_a_key() -> None:
    lists = exchange(url="http://lists.example.org/icse")
    assert "lists.icse: must be a table with a public_key" in fault_of(lists=lists)
    lists["icse"]["public_key"] = "ab" * 32
    assert load_settings(lists=lists).lists["icse"].exchange


def test_a_password_does_not_travel_in_the_open_whatever_is_signed() -> None:
    lists = exchange(url="http://lists.example.org/icse", user="site", password="p")  # noqa: S106 - of a test
    lists["icse"]["public_key"] = "ab" * 32
    assert "an https url, since a password would be read on its way" in fault_of(lists=lists)


def test_user_and_password_belong_together() -> None:
    for half in ({"user": "site"}, {"password": "p"}):
        assert "both user and password, or neither" in fault_of(lists=exchange(**half))


@pytest.mark.parametrize("password", ["12345", "1e5", "true", '{"a": 1}', " with spaces "])
def test_a_password_comes_from_a_file_as_it_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    (tmp_path / "password").write_text(f"{password}\n")
    monkeypatch.setenv("UPLOAD_GUARD_LISTS__ICSE__EXCHANGE__PASSWORD_FILE", str(tmp_path / "password"))
    own = load_settings(lists=exchange(user="site")).lists["icse"].exchange
    assert own is not None
    assert own.password.get_secret_value() == password
    assert password not in repr(own)


def test_a_password_of_the_wrong_kind_is_not_shown() -> None:
    line = fault_of(lists=exchange(user="site", password=918273645))
    assert "lists.icse.exchange.password: must be a text in quotes" in line
    assert "918273645" not in line


def test_a_misspelt_option_of_an_exchange_is_told_those_that_there_are() -> None:
    line = fault_of(lists=exchange(catgory="baseline"))
    assert "lists.icse.exchange.catgory: no such option; accepted: url, origin, " in line


def test_a_ca_file_counts_from_the_settings_folder(tmp_path: Path) -> None:
    file = config(
        tmp_path, '[lists.icse.exchange]\nurl = "https://h/l"\norigin = "x"\nca_file = "own-ca.pem"'
    )
    own = load_settings(file).lists["icse"].exchange
    assert own is not None
    assert own.ca_file == tmp_path / "own-ca.pem"


@pytest.mark.parametrize("cause", ["unreachable", "timeout", "busy", "not_ready", "error", "over_limit"])
@pytest.mark.parametrize("mode", ["hold", "quarantine"])
def test_what_nobody_could_look_at_cannot_be_held(tmp_path: Path, cause: str, mode: str) -> None:
    file = config(tmp_path, f'[failure]\n{cause} = "{mode}"')
    with pytest.raises(ConfigError, match=rf'failure\.{cause}: must be "closed" or "open".*nobody took it'):
        load_settings(file)
    route = config(tmp_path, f'[[routes]]\npath = "/x"\nfailure = {{ {cause} = "{mode}" }}')
    with pytest.raises(ConfigError, match="nobody took it"):
        load_settings(route)


def test_nothing_passes_unchecked_unless_a_setting_says_so() -> None:
    assert not Settings().passes_unchecked
    assert Settings.model_validate({"failure": {"busy": "open"}}).passes_unchecked
    route = {"path": "/x", "failure": {"timeout": "open"}}
    assert Settings.model_validate({"routes": [route]}).passes_unchecked


# Signal types of plug-ins -------------------------------------------------------------------------

SIGNAL = {"bits": 96, "limit": 10, "options": {"model": "/srv/model.onnx", "turned": False, "side": 360}}


def test_a_signal_type_has_a_name_that_says_its_bits() -> None:
    settings = load_settings(signals={"neuralhash": SIGNAL})
    assert settings.signal_types == {"neuralhash": SignalType("neuralhash-96")}
    assert settings.signals["neuralhash"].plugin == "onnx"
    assert settings.signals["neuralhash"].options == SIGNAL["options"]


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("pdq", {}, "signals"),
        ("Neural", {}, "signals"),
        ("averylongname", {}, "signals"),
        ("neuralhash", {"bits": 95}, "bits"),
        ("neuralhash", {"bits": 32}, "bits"),
        ("neuralhash", {"bits": 1024}, "bits"),
        ("neuralhash", {"limit": 25}, "at most a quarter of its bits"),
        ("neuralhash", {"limit": -1}, "limit"),
        ("neuralhash", {"plugin": "../x"}, "plugin"),
        ("neuralhash", {"model": "/srv/x"}, "model"),
    ],
)
def test_a_wrong_signal_type_is_refused(name: str, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_settings(signals={name: SIGNAL | wrong})


def test_a_name_that_is_a_built_in_types_is_refused() -> None:
    with pytest.raises(ConfigError, match="phash"):
        load_settings(signals={"phash": SIGNAL})


def test_a_list_limits_only_what_is_computed_and_never_beyond_a_quarter_of_its_bits() -> None:
    own = {"icse": {"signal_limits": {"neuralhash": 24}}}
    assert load_settings(signals={"neuralhash": SIGNAL}, lists=own).lists["icse"].signal_limits
    with pytest.raises(ConfigError, match="signal_limits of 'icse' for types that have a table"):
        load_settings(lists=own)
    own["icse"]["signal_limits"]["neuralhash"] = 25
    with pytest.raises(ConfigError, match="at most a quarter"):
        load_settings(signals={"neuralhash": SIGNAL}, lists=own)


# The example --------------------------------------------------------------------------------------


def uncommented() -> dict[str, Any]:
    """The example with its commented-out options in force."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    option = re.compile(r"# (\[\[?[a-z_.]+\]\]?|[a-z_]+ = .+)$")
    return tomllib.loads("\n".join(option.sub(r"\1", line) for line in lines))


def sections() -> dict[str, type[BaseModel]]:
    fields = Settings.model_fields.items()
    found = {name: field.annotation for name, field in fields}
    return {
        name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, BaseModel)
    }


@pytest.mark.parametrize("section", ["clamd", "icap"])
def test_a_door_off_loopback_names_its_peers(section: str) -> None:
    assert Settings.model_validate({section: {"host": "127.0.0.1"}})
    assert Settings.model_validate({section: {"host": "192.0.2.1", "peers": ["192.0.2.0/24"]}})
    for peers in ({}, {"peers": ["127.0.0.1/32"]}, {"peers": []}):
        with pytest.raises(ValidationError, match="name in `peers` who may connect"):
            Settings.model_validate({section: {"host": "192.0.2.1", **peers}})


@pytest.mark.parametrize("wrong", [{"host": "example.org"}, {"port": 0}, {"peers": ["all"]}, {"burst": 0}])
def test_a_door_takes_no_nonsense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"icap": wrong})


def test_the_socket_of_a_door_counts_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[clamd]\nsocket = "run/clamd.sock"\n')
    assert load_settings(tmp_path / "c.toml").clamd.socket == tmp_path / "run/clamd.sock"
    assert Settings.model_validate({"clamd": {"socket": ""}}).clamd.socket is None


def test_the_example_is_exactly_the_defaults() -> None:
    assert Settings.model_validate(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))) == Settings()


def test_the_example_holds_every_section_and_top_level_option() -> None:
    assert set(uncommented()) == set(Settings.model_fields)


@pytest.mark.parametrize("section", sections())
def test_the_example_holds_every_option_of_a_section(section: str) -> None:
    assert set(uncommented()[section]) == set(sections()[section].model_fields)


def test_the_example_holds_every_option_of_a_list() -> None:
    lists = uncommented()["lists"].values()
    assert set[str]().union(*lists) == set(ListSettings.model_fields)


def test_the_example_holds_every_option_of_a_signal_type() -> None:
    assert [set(one) for one in uncommented()["signals"].values()] == [set(SignalSettings.model_fields)]


def test_the_example_holds_every_option_of_an_exchange() -> None:
    exchanges = [one["exchange"] for one in uncommented()["lists"].values()]
    assert set[str]().union(*exchanges) == set(ExchangeSettings.model_fields)


def test_the_example_holds_every_option_of_a_route() -> None:
    assert [set(one) for one in uncommented()["routes"]] == [set(RouteSettings.model_fields)]


def test_the_example_can_be_used_with_every_option_in_force() -> None:
    assert Settings.model_validate(uncommented()) != Settings()


def test_every_option_of_the_example_has_a_comment_above() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"(# )?[a-z_]+ = ", line) and not before.strip()
    ]
    assert bare == []
