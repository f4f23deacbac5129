"""The ways into WordPress's uploads: functions that send a picture and give what the person is told."""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tests.live.wordpress.sites import PASSWORD, WordPress

Door = Callable[[WordPress, bytes, Path], str]
_numbers = count(1)

EXPORT = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Site</title><wp:wxr_version>1.2</wp:wxr_version>
<wp:base_site_url>%(site)s</wp:base_site_url><wp:base_blog_url>%(site)s</wp:base_blog_url>
<item><title>%(title)s</title><dc:creator>admin</dc:creator><wp:post_id>%(number)d</wp:post_id>
<wp:post_date>2026-01-02 03:04:05</wp:post_date>
<wp:post_name>%(title)s</wp:post_name><wp:status>inherit</wp:status>
<wp:post_parent>0</wp:post_parent><wp:post_type>attachment</wp:post_type>
<wp:attachment_url>%(url)s</wp:attachment_url></item>
</channel></rss>
"""


def rest_multipart(site: WordPress, data: bytes, folder: Path) -> str:
    answer = site.rest("POST", "/wp/v2/media", files={"file": ("a.jpg", data, "image/jpeg")})
    return _rest(answer, 201)


def rest_raw(site: WordPress, data: bytes, folder: Path) -> str:
    headers = {"Content-Type": "image/jpeg", "Content-Disposition": 'attachment; filename="raw.jpg"'}
    return _rest(site.rest("POST", "/wp/v2/media", headers=headers, data=data), 201)


def rest_url(site: WordPress, data: bytes, folder: Path) -> str:
    """New in 7.1: WordPress fetches it."""
    return _rest(site.rest("POST", "/wp/v2/media", json={"url": published(site, data)}), 201)


def media_grid(site: WordPress, data: bytes, folder: Path) -> str:
    with site.browser() as browser:
        page = browser.get(f"{site.url}/wp-admin/upload.php?mode=grid", timeout=60).text
        form = {"action": "upload-attachment", "name": "a.jpg", "_wpnonce": _upload_nonce(page)}
        files = {"async-upload": ("a.jpg", data, "image/jpeg")}
        said = browser.post(
            f"{site.url}/wp-admin/async-upload.php", data=form, files=files, timeout=60
        ).json()
    return "" if said["success"] else str(said["data"]["message"])


def media_new(site: WordPress, data: bytes, folder: Path) -> str:
    """The plain form that stands there without JavaScript."""
    with site.browser() as browser:
        address = f"{site.url}/wp-admin/media-new.php"
        nonce = re.search(r'name="_wpnonce" value="(\w+)"', browser.get(address, timeout=60).text)
        assert nonce
        form = {"html-upload": "Upload", "_wpnonce": nonce[1], "post_id": "0"}
        answer = browser.post(
            address, data=form, files={"async-upload": ("a.jpg", data, "image/jpeg")}, timeout=60
        )
    return "" if answer.url.endswith("upload.php") else _text(answer.text)


def plupload(site: WordPress, data: bytes, folder: Path) -> str:
    """The same page with JavaScript."""
    with site.browser() as browser:
        page = browser.get(f"{site.url}/wp-admin/media-new.php", timeout=60).text
        form = {"short": "1", "name": "a.jpg", "_wpnonce": _upload_nonce(page)}
        files = {"async-upload": ("a.jpg", data, "image/jpeg")}
        answer = browser.post(f"{site.url}/wp-admin/async-upload.php", data=form, files=files, timeout=60)
    return "" if answer.text.strip().isdigit() else _text(answer.text)


def xmlrpc_upload(site: WordPress, data: bytes, folder: Path) -> str:
    return _xmlrpc(site, "wp.uploadFile", data)


def xmlrpc_media_object(site: WordPress, data: bytes, folder: Path) -> str:
    return _xmlrpc(site, "metaWeblog.newMediaObject", data)


def upload_bits(site: WordPress, data: bytes, folder: Path) -> str:
    return _odd(site, "bits", data)


def own_action(site: WordPress, data: bytes, folder: Path) -> str:
    return _odd(site, "own_action", data)


def no_type_test(site: WordPress, data: bytes, folder: Path) -> str:
    return _odd(site, "no_type", data)


def sideload_image(site: WordPress, data: bytes, folder: Path) -> str:
    """media_sideload_image(), which themes and plugins call."""
    media = "require_once ABSPATH . 'wp-admin/includes/admin.php';"
    call = f"$id = media_sideload_image( '{published(site, data)}', 0, null, 'id' );"
    return str(site.eval(f"{media} {call} return is_wp_error( $id ) ? $id->get_error_message() : '';"))


def command_line(site: WordPress, data: bytes, folder: Path) -> str:
    file = folder / "command.jpg"
    file.write_bytes(data)
    done = site.wp("media", "import", file, code=None)
    return "" if done.returncode == 0 else done.stderr


def importer(site: WordPress, data: bytes, folder: Path) -> str:
    """An export of another site, read by the importer."""
    number = next(_numbers)
    export = folder / "export.xml"
    values = {"site": site.url, "url": escape(published(site, data)), "number": 9000 + number}
    export.write_text(EXPORT % (values | {"title": f"imported-{number}"}))
    done = site.wp("import", export, "--authors=skip", "--user=admin", code=None)
    return _text(done.stdout + done.stderr) if "Failed to import" in done.stdout + done.stderr else ""


def published(site: WordPress, data: bytes) -> str:
    """The address of a picture that WordPress can fetch."""
    name = f"published-{next(_numbers)}.jpg"
    (site.folder / name).write_bytes(data)
    return f"{site.url}/{name}"


def _rest(answer: Any, created: int) -> str:
    if answer.status_code == created:
        return ""
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "upload_guard_blocked"), answer.text
    assert said["data"]["case"] in said["message"]
    return str(said["message"])


def _upload_nonce(page: str) -> str:
    found = re.search(r'"_wpnonce":"(\w+)"', page)
    assert found, page[:3000]
    return found[1]


def _xmlrpc(site: WordPress, method: str, data: bytes) -> str:
    struct = {"name": "rpc.jpg", "type": "image/jpeg", "bits": xmlrpc.client.Binary(data)}
    with xmlrpc.client.ServerProxy(f"{site.url}/xmlrpc.php") as server:
        try:
            getattr(server, method)(1, "admin", PASSWORD, struct)
        except xmlrpc.client.Fault as fault:
            return str(fault.faultString)
    return ""


def _odd(site: WordPress, action: str, data: bytes) -> str:
    with site.browser() as browser:
        files = {"file": ("odd.jpg", data, "image/jpeg")}
        said = browser.post(
            f"{site.url}/wp-admin/admin-ajax.php?action={action}", files=files, timeout=60
        ).json()
    return str(said.get("error") or "")


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


DOORS: dict[str, Door] = {
    "REST, multipart": rest_multipart,
    "REST, raw body": rest_raw,
    "REST, url": rest_url,
    "media grid": media_grid,
    "media-new.php, form": media_new,
    "media-new.php, plupload": plupload,
    "XML-RPC, wp.uploadFile": xmlrpc_upload,
    "XML-RPC, metaWeblog.newMediaObject": xmlrpc_media_object,
    "wp_upload_bits": upload_bits,
    "media_sideload_image": sideload_image,
    "wp media import": command_line,
    "WXR importer": importer,
    "a plugin's own action": own_action,
    "a plugin that tests no type": no_type_test,
}
