"""What every form of ours does about errors."""

from django import forms


def focus_first_error(form: forms.BaseForm) -> None:
    """The page opens with the caret in the first field that has to be put right."""
    for name, field in form.fields.items():
        if name in form.errors:
            field.widget.attrs["autofocus"] = True
            return
