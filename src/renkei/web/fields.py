"""Form fields as Japanese offices fill them in. They clean; they never save."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from renkei.kernel import clock
from renkei.kernel.japanese import (
    DateFault,
    NotADate,
    PhoneFault,
    clean_text,
    fold_kana,
    is_kana,
    narrow_number,
    normalise_phone,
    parse_date,
    wareki,
)

# Django's own sentence, where a field has none of its own: our catalogue says it in our words.
gettext_noop("This field is required.")


def _styled(widget: forms.Widget, **attributes: Any) -> forms.Widget:
    """The widget in the look of our fields."""
    kept = {name.replace("_", "-"): value for name, value in attributes.items() if value}
    widget.attrs = {"class": "input", **kept, **widget.attrs}
    return widget


class Line(forms.CharField):
    """One line of text, without what cannot be seen but misleads."""

    def __init__(self, *, max_length: int = 200, **options: Any) -> None:
        widget = options.pop("widget", None) or forms.TextInput()
        names = ("placeholder", "autocomplete", "inputmode", "list")
        attributes = {"autocomplete": "off"}
        attributes |= {name: options.pop(name) for name in names if name in options}
        messages = {"required": _("Please write this."), "max_length": _("This is too long.")}
        options["error_messages"] = messages | options.get("error_messages", {})
        super().__init__(max_length=max_length, widget=_styled(widget, **attributes), **options)

    def to_python(self, value: Any) -> str:
        """The line with single spaces."""
        cleaned = super().to_python(value) or ""
        return " ".join(clean_text(cleaned).replace("\u3000", " ").split())


class Paragraph(Line):
    """Text of several lines."""

    def __init__(self, *, rows: int = 3, max_length: int = 2000, **options: Any) -> None:
        super().__init__(
            max_length=max_length, widget=forms.Textarea(attrs={"rows": rows}), **options
        )

    def to_python(self, value: Any) -> str:
        """The text with its line ends."""
        return clean_text(forms.CharField.to_python(self, value) or "").strip()


class Kana(Line):
    """A reading: katakana and half-width kana become hiragana."""

    def to_python(self, value: Any) -> str:
        """The reading in hiragana."""
        return " ".join(fold_kana(super().to_python(value)).split())

    def validate(self, value: str) -> None:
        """Refuse what is no reading."""
        super().validate(value)
        if value and not is_kana(value):
            raise ValidationError(_("Please write the reading in hiragana."))


class Phone(Line):
    """A telephone number, half-width, its hyphens where they were written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=30, inputmode="tel", **options)

    def to_python(self, value: Any) -> str:
        """The number as it is rung."""
        written = super().to_python(value)
        try:
            return normalise_phone(written) if written else ""
        except PhoneFault:
            raise ValidationError(
                _("Please write 10 or 11 digits, for example 0000-00-1061.")
            ) from None


class Number(Line):
    """A number in somebody's register: digits alone, half-width."""

    def to_python(self, value: Any) -> str:
        """The digits."""
        written = narrow_number(super().to_python(value)).replace("-", "").replace(" ", "")
        if written and not (written.isascii() and written.isalnum()):
            raise ValidationError(_("Please write the number with digits only."))
        return written


def _sentence(fault: DateFault) -> str:
    """Why it is no date. The kernel's own sentence is Japanese and the most exact."""
    if isinstance(fault, NotADate):
        if str(fault).startswith("暦"):
            return gettext("The date does not exist.")
        return gettext("Please write the date like S12.3.5, 1937-03-05 or 昭和12年3月5日.")
    if (translation.get_language() or "ja").startswith("ja"):
        return str(fault)
    return gettext("That day is not in this era. Please check era and year.")


class Day(forms.Field):
    """A date in any notation: S12.3.5, 1937-03-05, 昭和12年3月5日.

    Args:
        future: whether it may lie in the future.
    """

    def __init__(self, *, future: bool = False, **options: Any) -> None:
        self.future = future
        widget = _styled(forms.TextInput(), autocomplete="off", data_day="1")
        options["error_messages"] = {"required": _("Please write the date.")}
        super().__init__(widget=widget, **options)

    def to_python(self, value: Any) -> date | None:
        """The day that is meant."""
        if value in (None, ""):
            return None
        if isinstance(value, date):
            return value
        try:
            return parse_date(str(value))
        except DateFault as fault:
            raise ValidationError(_sentence(fault)) from None

    def validate(self, value: date | None) -> None:
        """Refuse a day that has not come yet where it must have."""
        super().validate(value)
        if value is not None and not self.future and value > clock.today():
            raise ValidationError(_("The date is in the future."))

    def prepare_value(self, value: Any) -> Any:
        """How a known day stands in the field."""
        if not isinstance(value, date):
            return value
        english = (translation.get_language() or "ja").startswith("en")
        return value.isoformat() if english else wareki(value)


class Choice(forms.ChoiceField):
    """One of several, as a list to open."""

    def __init__(self, **options: Any) -> None:
        options["error_messages"] = {
            "required": _("Please choose one."),
            "invalid_choice": _("Please choose one."),
        }
        super().__init__(widget=_styled(forms.Select()), **options)


class Pills(forms.ChoiceField):
    """One of a few, side by side."""

    def __init__(self, **options: Any) -> None:
        options["error_messages"] = {
            "required": _("Please choose one."),
            "invalid_choice": _("Please choose one."),
        }
        super().__init__(widget=forms.RadioSelect(), **options)
