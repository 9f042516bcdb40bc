"""Every address of the portal and the door before it: the table of contents of what can be asked."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from portal.routes.client import conversations as client_conversations
from portal.routes.client import home
from portal.routes.public import front, health, sign_in
from portal.routes.staff import clients, conversations, today

GET, POST = ["GET"], ["POST"]

ROUTES: list[BaseRoute] = [
    Route("/", front.first, methods=GET),
    Route("/sign-in", sign_in.show, methods=GET),
    Route("/sign-in", sign_in.create, methods=POST),
    Route("/sign-out", sign_in.end, methods=POST),
    Route("/session", sign_in.stay, methods=POST),
    Route("/language", front.language, methods=POST),
    Route("/theme", front.theme, methods=POST),
    Route("/static/{version}/{path:path}", front.static, methods=GET),
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
    # Clients and those who act for them
    Route("/home", home.first, methods=GET),
    Route("/clients/{client}/home", home.show, methods=GET),
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
