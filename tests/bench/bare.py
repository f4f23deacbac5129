"""The least that a service could do with an upload: a Flask route that reads the body."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

CHUNK = 1 << 18

app = Flask(__name__)


@app.get("/live")
def live() -> Response:
    return jsonify(status="live")


@app.post("/v1/check")
@app.post("/v1/check/signals")
@app.post("/v1/check/md5")
@app.post("/v1/check/batch")
@app.get("/m/lookup")
def check() -> Response:
    size = 0
    while chunk := request.stream.read(CHUNK):
        size += len(chunk)
    return jsonify(size=size)
