"""What is open to whoever comes."""

from renkei.config.routes import HOST, PUBLIC, route
from renkei.web import blank_forms, edition, health, installed, join, metrics, news, public
from renkei.web.toast import SILENT

ADDRESSES = [
    route("", public.start, name="start", needs=PUBLIC),
    route("policy", public.policy, name="policy", needs=PUBLIC),
    route("policy/editions", edition.editions, name="policy_editions", needs=PUBLIC),
    route("policy/editions/<str:number>", edition.edition, name="policy_edition", needs=PUBLIC),
    route("organizations", public.organizations, name="organizations", needs=PUBLIC),
    route("forms", blank_forms.forms, name="forms", needs=PUBLIC),
    route("forms/<slug:form>.pdf", blank_forms.form, name="form_blank", needs=PUBLIC),
    route("news", news.news, name="news", needs=PUBLIC),
    route("news/<uuid:news>", news.item, name="news_item", needs=PUBLIC),
    route("sitemap.xml", public.sitemap, name="sitemap", needs=PUBLIC),
    route("robots.txt", public.robots, name="robots", needs=PUBLIC),
    route("manifest.webmanifest", installed.manifest, name="manifest", needs=PUBLIC),
    route("service-worker.js", installed.worker, name="service_worker", needs=PUBLIC),
    route("offline", installed.offline, name="offline", needs=PUBLIC),
    route("help", public.help_now, name="help", needs=PUBLIC),
    route("join", join.join, name="account_signup", needs=PUBLIC, toast=SILENT),
    route("join/back", join.back, name="join_back", needs=PUBLIC, toast=SILENT),
    route("join/form/<str:step>", join.step, name="join_step", needs=PUBLIC, toast=SILENT),
    route("join/paper/<slug:form>", join.paper, name="join_paper", needs=PUBLIC),
    route("signed-out", public.signed_out, name="signed_out", needs=PUBLIC),
    route("healthz", health.alive, name="healthz", needs=PUBLIC),
    route("readyz", health.ready, name="readyz", needs=PUBLIC),
    route("metrics", metrics.metrics, name="metrics", needs=HOST),
]  # fmt: skip
