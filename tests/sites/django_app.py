"""Django behind the guard, in one module."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

from tests.sites.got import got, is_form
from upload_guard import UploadGuard

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="for tests only",  # noqa: S106
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    MIDDLEWARE=[],
)


def anything(request: HttpRequest) -> HttpResponse:
    strings = [file.read() for _, files in request.FILES.lists() for file in files]
    strings += [value.encode() for _, values in request.POST.lists() for value in values]
    if not is_form(request.content_type) or request.method != "POST":
        strings.append(request.body)
    return HttpResponse(got(request.environ, strings), content_type="application/json")


urlpatterns = [re_path("", anything)]
app = UploadGuard(get_wsgi_application())
