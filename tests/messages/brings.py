"""Conversations, the inbox and templates, for the tests of all rooms."""

from __future__ import annotations

from tests.browser.places import Place, asked, opened, sent

PLACES = [
    Place("inbox", "miriam", "/staff/inbox"),
    Place("inbox, nothing", "newcomer", "/staff/inbox"),
    Place("inbox, overfull", "wilhelmina", "/staff/inbox"),
    Place("inbox, filters", "miriam", "/staff/inbox?view=done", opened("#inbox-list-more > summary")),
    Place("inbox, nothing done", "newcomer", "/staff/inbox?view=done&audience=billing"),
    Place("inbox, conversation", "miriam", "/staff/inbox/{eli confidential}"),
    Place("inbox, conversation, overfull", "wilhelmina", "/staff/inbox/{maximiliana-theodora clinical}"),
    Place("inbox, hand over?", "miriam", "/staff/inbox/{noa clinical}", asked("[data-key=h]")),
    Place("inbox, note?", "miriam", "/staff/inbox/{noa clinical}", asked(".compose-head [href$=notes]")),
    Place("inbox, note without a dialog", "miriam", "/staff/inbox/{noa clinical}/notes"),
    Place("inbox, snooze?", "miriam", "/staff/inbox/{noa clinical}", asked("[data-key=s]")),
    Place("inbox, snooze without a dialog", "miriam", "/staff/inbox/{noa clinical}/snooze"),
    Place("templates", "miriam", "/staff/templates"),
    Place("templates, none", "newcomer", "/staff/templates"),
    Place(
        "new template, wrong", "ada", "/staff/templates/new", sent(("body", "{link}"), button=".welcome-text .primary")
    ),
    Place("template", "miriam", "/staff/templates/{template of miriam}"),
    Place(
        "choosing a template",
        "miriam",
        "/staff/clients/{noa}/conversations/{noa clinical}",
        asked(".compose-head [href$=templates]"),
    ),
    Place("conversations", "miriam", "/staff/clients/{noa}/messages"),
    Place("conversations, none", "wilhelmina", "/staff/clients/{silent}/messages"),
    Place("readers", "miriam", "/staff/clients/{noa}/conversations/{noa clinical}/readers"),
    Place(
        "readers, asked",
        "miriam",
        "/staff/clients/{noa}/conversations/{noa clinical}",
        asked(".thread-head .who-sees a"),
    ),
    Place("new conversation", "miriam", "/staff/clients/{noa}/conversations/new"),
    Place("new conversation, overfull", "wilhelmina", "/staff/clients/{maximiliana-theodora}/conversations/new"),
    Place("conversation", "miriam", "/staff/clients/{priya}/conversations/{priya clinical}"),
    Place("confidential conversation", "miriam", "/staff/clients/{eli}/conversations/{eli confidential}"),
    Place(
        "conversation, overfull",
        "wilhelmina",
        "/staff/clients/{maximiliana-theodora}/conversations/{maximiliana-theodora clinical}",
    ),
    Place("conversations", "dana", "/clients/{noa}/messages"),
    Place("conversations, none", "silent", "/clients/{silent}/messages"),
    Place("conversations, overfull", "hildegard", "/clients/{maximiliana-theodora}/messages"),
    Place("new conversation", "dana", "/clients/{noa}/conversations/new"),
    Place("new conversation, overfull", "hildegard", "/clients/{maximiliana-theodora}/conversations/new"),
    Place("conversation", "dana", "/clients/{noa}/conversations/{noa clinical}"),
    Place("readers", "dana", "/clients/{noa}/conversations/{noa clinical}/readers"),
    Place("confidential conversation", "eli", "/clients/{eli}/conversations/{eli confidential}"),
    Place(
        "conversation, overfull",
        "hildegard",
        "/clients/{maximiliana-theodora}/conversations/{maximiliana-theodora clinical}",
    ),
]
