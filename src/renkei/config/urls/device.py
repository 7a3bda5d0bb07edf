"""Devices, and what is taken out."""

from renkei.config.routes import route
from renkei.web import device, devices, take_out
from renkei.web.toast import ASKED, RECORDED, SAVED, SILENT

ADDRESSES = [
    # the device in one's hand
    route("device", device.own, name="device", needs="device.own"),
    route("device/ask", device.ask, name="device_ask", needs="device.ask", toast=ASKED),
    route("device/enter", device.enter, name="device_enter", needs="device.enroll", toast=SILENT),
    route("device/add/<str:token>", device.add, name="device_add", needs="device.enroll",
          toast=SILENT),
    route("devices/<uuid:device>/confirm", device.confirm, name="device_confirm",
          needs="device.confirm"),
    route("devices/<uuid:device>/code", device.code, name="device_code", needs="device.link"),
    route("devices/<uuid:device>/elsewhere", device.elsewhere, name="device_elsewhere",
          needs="device.confirm"),
    # the ledger of devices, and what is taken out
    route("devices", devices.ledger, name="devices", needs="device.list"),
    route("devices/list.csv", devices.as_csv, name="devices_csv", needs="device.list"),
    route("devices/list.pdf", devices.as_pdf, name="devices_pdf", needs="device.list"),
    route("devices/new", devices.new, name="device_new", needs="device.add", toast=SILENT),
    route("devices/stock", devices.stock, name="device_stock", needs="device.take_stock",
          toast=RECORDED),
    route("devices/first", devices.first, name="devices_first", needs="device.list_first"),
    route("devices/<uuid:device>", devices.one, name="device_one", needs="device.see"),
    route("devices/<uuid:device>/edit", devices.edit, name="device_edit", needs="device.change",
          toast=SAVED),
    route("devices/<uuid:device>/do", devices.do, name="device_do", needs="device.change"),
    route("devices/<uuid:device>/approve", devices.approve, name="device_approve",
          needs="device.approve"),
    route("devices/<uuid:device>/accept", devices.accept, name="device_accept",
          needs="device.accept"),
    route("take-outs", take_out.take_outs, name="take_outs", needs="take_out.own"),
    route("take-outs/new", take_out.ask, name="take_out_new", needs="take_out.ask", toast=ASKED),
    route("take-outs/<uuid:take_out>", take_out.one, name="take_out", needs="take_out.see"),
]  # fmt: skip
