"""Why something was found, in a sentence that blames nobody and says what may be done."""

from typing import Final

from django.utils.translation import gettext_noop

WHY: Final = {
    "full-name": gettext_noop("This looks like a patient's full name."),
    "near-names": gettext_noop("A patient's family name and given name stand near each other."),
    "masked-name": gettext_noop("A patient can be told from this name and what is said with it."),
    "birth-date": gettext_noop("This is a patient's date of birth."),
    "anybodys-birth": gettext_noop("This looks like somebody's date of birth."),
    "phone": gettext_noop("This is a patient's telephone number."),
    "address": gettext_noop("This is a patient's address."),
    "insurer-number": gettext_noop("This is a patient's insurance number."),
    "anybodys-number": gettext_noop("This looks like somebody's insurance number."),
    "my-number": gettext_noop("This looks like an individual number (My Number)."),
    "consciousness": gettext_noop("This speaks of consciousness."),
    "breathing": gettext_noop("This speaks of breathing."),
    "choking": gettext_noop("This speaks of choking."),
    "chest": gettext_noop("This speaks of the chest or the heart."),
    "stroke": gettext_noop("This may be a stroke."),
    "convulsion": gettext_noop("This speaks of a convulsion."),
    "bleeding": gettext_noop("This speaks of heavy bleeding."),
    "head-injury": gettext_noop("This speaks of a blow to the head or a fall."),
    "anaphylaxis": gettext_noop("This speaks of a strong allergic reaction."),
    "abdomen": gettext_noop("This speaks of violent pain."),
    "poison-heat": gettext_noop("This speaks of poisoning, heat or cold."),
    "suicide": gettext_noop("These are words of wanting to die."),
    "hypoglycemia": gettext_noop("This speaks of low blood sugar."),
    "device-trouble": gettext_noop("A device that keeps somebody alive may have failed."),
    "calling": gettext_noop("Help is being called, or something has suddenly changed."),
    "death": gettext_noop("Somebody may have died."),
    "signs": gettext_noop("Several signs stand together that may mean an emergency."),
    "wording": gettext_noop("This is worded as an emergency is."),
    "spo2": gettext_noop("The oxygen saturation is in a dangerous range."),
    "systolic": gettext_noop("The blood pressure is in a dangerous range."),
    "diastolic": gettext_noop("The blood pressure is in a dangerous range."),
    "pulse": gettext_noop("The pulse is in a dangerous range."),
    "respiration": gettext_noop("The breathing rate is in a dangerous range."),
    "temperature": gettext_noop("The body temperature is in a dangerous range."),
    "glucose": gettext_noop("The blood sugar is in a dangerous range."),
    "jcs": gettext_noop("The level of consciousness is in a dangerous range."),
    "gcs": gettext_noop("The level of consciousness is in a dangerous range."),
    "unmeasured": gettext_noop("A vital sign could not be measured."),
}

# What wants the physician or the nurse first; all else wants the ambulance.
CAN_WAIT: Final = frozenset(
    {"abdomen", "suicide", "hypoglycemia", "device-trouble", "death", "temperature", "glucose"}
)
