"""Disaster use, and what became of everybody."""

from renkei.config.routes import PUBLIC, route
from renkei.web import disaster, emergency, safety
from renkei.web.toast import RECORDED, SILENT

ADDRESSES = [
    route("disaster", disaster.now, name="disaster", needs="home.see"),
    route("disaster/band", disaster.band, name="disaster_band", needs="home.see"),
    route("disasters", disaster.desk, name="disasters", needs="disasters.see"),
    route("disasters/results", disaster.results, name="disaster_results", needs=PUBLIC),
    route("disasters/declare", disaster.declare, name="disaster_declare",
          needs="disaster.declare", toast=SILENT),
    route("disasters/<uuid:disaster>", disaster.report, name="disaster_report",
          needs="disaster.see"),
    route("disasters/<uuid:disaster>/confirm", disaster.confirm, name="disaster_confirm",
          needs="disaster.confirm"),
    route("disasters/<uuid:disaster>/change", disaster.change, name="disaster_change",
          needs="disaster.change"),
    route("disasters/<uuid:disaster>/end", disaster.end, name="disaster_end",
          needs="disaster.end"),
    route("disasters/<uuid:disaster>/publish", disaster.publish, name="disaster_publish",
          needs="disaster.publish"),
    route("disasters/<uuid:disaster>/remove", disaster.remove, name="disaster_remove",
          needs="disaster.remove"),
    route("emergency", emergency.emergency, name="emergency", needs="emergency.enter",
          toast=SILENT),
    route("emergencies", disaster.uses, name="emergencies", needs="emergency.settle"),
    route("emergencies/<uuid:use>", disaster.settle, name="emergency_settle",
          needs="emergency.settle", toast=RECORDED),
    route("safety", safety.safety, name="safety", needs="safety.see", toast=SILENT),
    route("safety/text", safety.text, name="safety_text", needs="safety.see", toast=SILENT),
    route("safety/organizations", safety.places, name="safety_places", needs="safety.see"),
    route("safety/staff", safety.staff, name="safety_staff", needs="safety.see_staff",
          toast=SILENT),
    route("safety/patients/<uuid:group>", safety.history, name="safety_history",
          needs="group.see", toast=RECORDED),
]  # fmt: skip
