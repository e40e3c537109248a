"""Every URL of the site; `panel_urls` has those of the panel."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, path

from dashboard.signing_in import SignIn
from dashboard.views import (
    audit,
    board,
    catalogue,
    catalogue_file,
    catalogue_lint,
    conversation,
    edits,
    health,
    history,
    own_views,
    panel,
    participants,
    people,
    profile,
    status,
    trouble,
)


def shared(conversations: str, rest: str = "") -> list[URLPattern]:
    """The pages that live on the site and, under other addresses but the same names, in the panel."""
    one = f"{conversations}<uuid:conversation_id>/"
    return [
        path(one, conversation.conversation, name="conversation"),
        path(f"{one}poll", conversation.poll, name="conversation-poll"),
        path(f"{one}edits", conversation.save, name="conversation-save"),
        path(f"{one}participants/", participants.participants, name="participants"),
        path(f"{one}participants/poll", participants.poll, name="participants-poll"),
        path(f"{one}field", conversation.new_field, name="conversation-field"),
        path(f"{one}history/", history.history, name="history"),
        path(f"{one}history/poll", history.poll, name="history-poll"),
        path(f"{one}evidence", history.of_conversation, name="conversation-evidence"),
        path(f"{rest}edits/", edits.edits, name="edits"),
        path(f"{rest}edits/rows", edits.rows, name="edits-rows"),
        path(f"{rest}edits/<uuid:edit_id>/", edits.edit, name="edit"),
        path(f"{rest}edits/<uuid:edit_id>/poll", edits.poll, name="edit-poll"),
        path(f"{rest}edits/<uuid:edit_id>/evidence", history.of_edit, name="edit-evidence"),
        path(f"{rest}edits/<uuid:edit_id>/<slug:action>", edits.answer, name="edit-answer"),
        path(f"{rest}notices", edits.notices, name="notices"),
        path(f"{rest}shortcuts", profile.shortcuts, name="shortcuts"),
    ]


urlpatterns = [
    path("", board.board, name="board"),
    path("rows", board.rows, name="board-rows"),
    path("views/new/", own_views.new, name="view-new"),
    path("views/<int:pk>/", own_views.one, name="view"),
    path("views/<int:pk>/delete", own_views.delete, name="view-delete"),
    path("columns", own_views.columns, name="columns"),
    *shared("conversations/"),
    path("catalogue/", catalogue.entries, name="catalogue"),
    path("catalogue/new/", catalogue.new, name="catalogue-new"),
    path("catalogue/preview", catalogue.preview, name="catalogue-preview"),
    path("catalogue/<int:pk>/", catalogue.entry, name="catalogue-entry"),
    path("catalogue/<int:pk>/delete", catalogue.delete, name="catalogue-delete"),
    path("catalogue/import/", catalogue_file.upload, name="catalogue-import"),
    path("catalogue/import/confirm", catalogue_file.confirm, name="catalogue-import-confirm"),
    path("catalogue/export.<slug:kind>", catalogue_file.export, name="catalogue-export"),
    path("catalogue/lint/", catalogue_lint.findings, name="catalogue-lint"),
    path("catalogue/lint/done/", catalogue_lint.done, name="catalogue-lint-done"),
    path("catalogue/lint/undo/<int:pk>", catalogue_lint.undo, name="catalogue-lint-undo"),
    path("catalogue/lint/<slug:action>", catalogue_lint.put_right, name="catalogue-lint-do"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export.csv", audit.download, name="audit-file"),
    path("status/", status.status, name="status"),
    path("status/test", status.test, name="status-test"),
    path("status/poll", status.poll, name="status-poll"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new, name="people-new"),
    path("people/<int:pk>/", people.person, name="people-entry"),
    path("profile/", profile.profile, name="profile"),
    path("accounts/login/", LoginView.as_view(authentication_form=SignIn), name="login"),
    path("accounts/panel/", panel.window, name="panel-window"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]

handler400 = trouble.bad_request
handler500 = trouble.broken
