"""Options of what goes out by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_settings import uncommented
from upload_guard.errors import ConfigError
from upload_guard.loading import load_settings
from upload_guard.outbox_settings import WebhookSettings

SECRET = "sesame"  # noqa: S105


def written(folder: Path, text: str) -> Path:
    (folder / "config.toml").write_text(text)
    return folder / "config.toml"


@pytest.mark.parametrize(
    "url",
    [
        "https://blog.example.org/wp-json/upload-guard/v1/event",
        "http://127.0.0.1:8080/",
        "http://[::1]/x?y=z",
    ],
)
def test_a_site_listens_by_https_or_on_loopback(tmp_path: Path, url: str) -> None:
    settings = load_settings(written(tmp_path, f'[webhooks.blog]\nurl = "{url}"\n'))
    assert settings.webhooks["blog"].url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://blog.example.org/",
        "https://me:sesame@blog.example.org/",
        "ftp://x/",
        "https:///x",
        "https://x/#y",
        "",
    ],
)
def test_and_nowhere_else(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"webhooks\.blog\.url: must be an address such as"):
        load_settings(written(tmp_path, f'[webhooks.blog]\nurl = "{url}"\n'))


def test_a_certificate_counts_from_the_files_folder(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, '[webhooks.blog]\nurl = "https://x/"\nca_file = "ca.pem"\n'))
    assert settings.webhooks["blog"].ca_file == tmp_path / "ca.pem"


def test_targets_come_from_a_file_that_only_the_server_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "targets"
    secret.write_text(f'["mailto://guard:{SECRET}@mail.example.org"]\n')
    monkeypatch.setenv("UPLOAD_GUARD_NOTICES__TARGETS_FILE", str(secret))
    settings = load_settings()
    assert [one.get_secret_value() for one in settings.notices.targets] == [
        f"mailto://guard:{SECRET}@mail.example.org"
    ]
    assert SECRET not in repr(settings)


def test_a_webhook_can_be_given_by_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_WEBHOOKS", '{"blog": {"url": "https://x/"}}')
    assert load_settings().webhooks["blog"].url == "https://x/"


@pytest.mark.parametrize(
    "setting", ['language = "de"', 'events = ["weather"]', "digest_hour = 24", "group_minutes = -1"]
)
def test_what_is_no_option_of_notices_is_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(ConfigError, match="notices"):
        load_settings(written(tmp_path, f"[notices]\n{setting}\n"))


def test_feedback_goes_only_to_those_that_take_it(tmp_path: Path) -> None:
    exchange = '[lists.icse.exchange]\norigin = "interpol"\nfeedback = true\nurl = '
    taken = load_settings(written(tmp_path, f'{exchange}"file:///srv/lists/icse"\n'))
    assert taken.lists["icse"].exchange is not None
    with pytest.raises(ConfigError, match="feedback = false: of exchanges folder"):
        load_settings(written(tmp_path, f'{exchange}"https://lists.example.org/icse"\n'))


def test_the_example_holds_every_option_of_a_webhook() -> None:
    assert [set(one) for one in uncommented()["webhooks"].values()] == [set(WebhookSettings.model_fields)]
