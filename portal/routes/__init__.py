"""Every address of the portal and the door before it: the table of contents of what can be asked."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from portal.routes.client import conversations as client_conversations
from portal.routes.client import emails as client_emails
from portal.routes.client import home
from portal.routes.client import notices as client_notices
from portal.routes.public import front, health, mailbox, reset, sign_in, start, welcome
from portal.routes.staff import clients, conversations, emails, mail, notices, portal, settings, today
from portal.routes.staff import mailbox as mailbox_settings

GET, POST = ["GET"], ["POST"]

ROUTES: list[BaseRoute] = [
    Route("/", front.first, methods=GET),
    Route("/sign-in", sign_in.show, methods=GET),
    Route("/sign-in", sign_in.create, methods=POST),
    Route("/sign-out", sign_in.end, methods=POST),
    Route("/start", start.show, methods=GET),
    Route("/start", start.create, methods=POST),
    Route("/welcome", welcome.begin, methods=POST),
    Route("/welcome/birth-date", welcome.ask_birth_date, methods=GET),
    Route("/welcome/birth-date", welcome.check_birth_date, methods=POST),
    Route("/welcome/password", welcome.ask_password, methods=GET),
    Route("/welcome/password", welcome.create_account, methods=POST),
    Route("/welcome/{token}", welcome.open_link, methods=GET),
    Route("/forgot", reset.ask, methods=GET),
    Route("/forgot", reset.forgot, methods=POST),
    Route("/reset", reset.begin, methods=POST),
    Route("/reset/password", reset.ask_password, methods=GET),
    Route("/reset/password", reset.change, methods=POST),
    Route("/reset/{token}", reset.open_link, methods=GET),
    Route("/session", sign_in.stay, methods=POST),
    Route("/language", front.language, methods=POST),
    Route("/theme", front.theme, methods=POST),
    Route("/discretion", front.discretion, methods=POST),
    Route("/static/{version}/{path:path}", front.static, methods=GET),
    Route("/demo/mail", mailbox.show, methods=GET),
    Route("/up", health.up, methods=GET),
    Route("/metrics", health.metrics, methods=GET),
    # Staff
    Route("/staff/today", today.show, methods=GET),
    Route("/staff/clients", clients.index, methods=GET),
    Route("/staff/clients", clients.create, methods=POST),
    Route("/staff/clients/new", clients.new, methods=GET),
    Route("/staff/clients/{client}", clients.show, methods=GET),
    Route("/staff/clients/{client}", clients.update, methods=POST),
    Route("/staff/clients/{client}/edit", clients.edit, methods=GET),
    Route("/staff/clients/{client}/archival", clients.archive, methods=POST),
    Route("/staff/clients/{client}/restoration", clients.restore, methods=POST),
    Route("/staff/clients/{client}/portal", portal.show, methods=GET),
    Route("/staff/clients/{client}/portal/letter", portal.letter, methods=GET),
    Route("/staff/clients/{client}/portal/invitations", portal.invite, methods=POST),
    Route("/staff/clients/{client}/portal/withdrawal", portal.withdraw, methods=POST),
    Route("/staff/clients/{client}/portal/unlocking", portal.unlock, methods=POST),
    Route("/staff/clients/{client}/portal/resets", portal.reset, methods=POST),
    Route("/staff/clients/{client}/portal/removals", portal.remove, methods=POST),
    Route("/staff/clients/{client}/portal/removals/all", portal.remove_all, methods=POST),
    Route("/staff/clients/{client}/portal/accesses", portal.grant, methods=POST),
    Route("/staff/settings/portal", settings.show, methods=GET),
    Route("/staff/settings/portal", settings.switch, methods=POST),
    Route("/staff/settings/portal/letter", settings.save, methods=POST),
    Route("/staff/settings/portal/preview", settings.preview, methods=POST),
    Route("/staff/settings/portal/sample", settings.sample, methods=POST),
    Route("/staff/settings/mail", mailbox_settings.show, methods=GET),
    Route("/staff/settings/mail/minutes", mailbox_settings.wait, methods=POST),
    Route("/staff/settings/mail/mailbox", mailbox_settings.save, methods=POST),
    Route("/staff/settings/mail/removal", mailbox_settings.forget, methods=POST),
    Route("/staff/settings/mail/test", mailbox_settings.test, methods=POST),
    Route("/staff/clients/{client}/messages", conversations.index, methods=GET),
    Route("/staff/clients/{client}/conversations", conversations.create, methods=POST),
    Route("/staff/clients/{client}/conversations/{conversation}", conversations.show, methods=GET),
    Route(
        "/staff/clients/{client}/conversations/{conversation}/messages",
        conversations.send,
        methods=POST,
    ),
    Route(
        "/staff/clients/{client}/conversations/{conversation}/reading",
        conversations.read,
        methods=POST,
    ),
    Route("/staff/emails", emails.show, methods=GET),
    Route("/staff/emails", emails.save, methods=POST),
    Route("/staff/notices", notices.index, methods=GET),
    Route("/staff/notices/reading", notices.read_all, methods=POST),
    Route("/staff/notices/{notice}/reading", notices.read, methods=POST),
    Route("/staff/mail", mail.index, methods=GET),
    Route("/staff/mail/{letter}/retry", mail.retry, methods=POST),
    Route("/staff/mail/addresses/{bounce}", mail.address, methods=GET),
    Route("/staff/mail/addresses/{bounce}", mail.correct, methods=POST),
    Route("/staff/mail/addresses/{bounce}/confirmation", mail.confirm, methods=POST),
    # Clients and those who act for them
    Route("/home", home.first, methods=GET),
    Route("/clients/{client}/home", home.show, methods=GET),
    Route("/clients/{client}/emails", client_emails.show, methods=GET),
    Route("/clients/{client}/emails", client_emails.save, methods=POST),
    Route("/clients/{client}/notices", client_notices.index, methods=GET),
    Route("/clients/{client}/notices/reading", client_notices.read_all, methods=POST),
    Route("/clients/{client}/notices/{notice}/reading", client_notices.read, methods=POST),
    Route("/clients/{client}/messages", client_conversations.index, methods=GET),
    Route("/clients/{client}/conversations", client_conversations.create, methods=POST),
    Route("/clients/{client}/conversations/{conversation}", client_conversations.show, methods=GET),
    Route(
        "/clients/{client}/conversations/{conversation}/messages",
        client_conversations.send,
        methods=POST,
    ),
    Route(
        "/clients/{client}/conversations/{conversation}/reading",
        client_conversations.read,
        methods=POST,
    ),
]
