"""The square that a phone reads its secret from, drawn here: it goes to nobody else."""

from __future__ import annotations

import io

import segno
from flask import Response

from upload_guard.people.totp import Enrolment


def square_of(enrolment: Enrolment) -> Response:
    """An SVG file of black on white, as cameras want it in dark mode too."""
    drawn = io.BytesIO()
    segno.make(enrolment.address, error="m").save(
        drawn, kind="svg", scale=5, dark="#000", light="#fff", xmldecl=False, svgclass=None, lineclass=None
    )
    return Response(drawn.getvalue(), mimetype="image/svg+xml")
