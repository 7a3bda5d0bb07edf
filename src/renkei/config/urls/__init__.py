"""Every address of the program, with the permission it needs and its toast: a list for each part.

``renkei routes`` prints them all. The first that fits is taken, and what is asked for most stands
first.
"""

from renkei.config.urls import (
    communication,
    device,
    disaster,
    disclosure,
    everybody,
    group,
    incident,
    oneself,
    organization,
    patient,
    region,
    training,
)
from renkei.web import errors, sign_in

urlpatterns = [
    *communication.ADDRESSES,
    *everybody.ADDRESSES,
    *oneself.ADDRESSES,
    *group.ADDRESSES,
    *patient.ADDRESSES,
    *disclosure.ADDRESSES,
    *organization.ADDRESSES,
    *training.ADDRESSES,
    *device.ADDRESSES,
    *disaster.ADDRESSES,
    *incident.ADDRESSES,
    *region.ADDRESSES,
]
handler400 = errors.not_understood
handler404 = errors.not_found
handler429 = sign_in.too_many
handler500 = errors.server_error
