"""Django admin, for repair work. Everyday screens are ours."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from conversations import scopes
from conversations.models import AttributeDefinition, Queue, User


@admin.register(User)
class StaffAdmin(UserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("Genesys", {"fields": ("role", "genesys_user_id", "all_queues", "queues")}),
    )
    list_display = ("username", "first_name", "last_name", "role", "is_active")


@admin.register(AttributeDefinition)
class CatalogueAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Every page hears of a repair at once, as of a change on our own pages."""

    def save_model(self, *args: Any) -> None:
        super().save_model(*args)
        scopes.catalogue_changed()

    def delete_model(self, *args: Any) -> None:
        super().delete_model(*args)
        scopes.catalogue_changed()

    def delete_queryset(self, *args: Any) -> None:
        super().delete_queryset(*args)
        scopes.catalogue_changed()


admin.site.register(Queue)
