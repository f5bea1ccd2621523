# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_date
from odoo.tools.misc import get_lang
from odoo.tools.urls import urljoin

from ..tools.sealed_token import Sealer, generate_key

# Not Odoo's `database.secret`: that is renewed when a database is copied or restored,
# and a link in an e-mail has to work for years.
KEY_PARAMETER = "auto_shop.link_key"
PATH = "/auto_shop/unsubscribe/"
# How long the page takes back what was pressed on it, and how often a day: nobody who
# has a link may fill the history of consent.
UNDO_TIME = timedelta(hours=1)
UNDO_LIMIT = 3


@dataclass(frozen=True)
class UnsubscribeLink:
    """What a link stands for: records as superuser."""

    customer: models.Model
    company: models.Model
    # The message that it was in; empty when that is gone.
    interaction: models.Model


class CustomerUnsubscribe(models.AbstractModel):
    """The link by which a customer turns off what Do Not Mail turns off.

    Whoever has the link is taken for the customer: it lets him stop mail and take
    that back at once, and shows nothing but the shop.
    """

    _name = "customer.unsubscribe"
    _description = "Unsubscribe Link of a Customer"

    @api.model
    def _get_urls(self, interactions):
        """Return ``{id: url}`` for messages; one that is only previewed gets ``#``."""
        urls = {row.id: "#" for row in interactions}
        kept = interactions.filtered(lambda row: isinstance(row.id, int))
        if not kept:
            return urls
        sealer = self._get_sealer("link", self._get_key_sudo(create=True))
        for company, rows in kept.grouped("company_id").items():
            base = urljoin(company.get_base_url(), PATH)
            for row in rows:
                urls[row.id] = base + sealer.seal(company.id, row.partner_id.id, row.id)
        return urls

    @api.model
    def _open_sudo(self, token):
        """Return the :class:`UnsubscribeLink` of a token, else ``None``.

        As superuser, for whoever holds the link; what cannot be opened, and what leads
        to a customer or location that is gone, is all the same.
        """
        key = self._get_key_sudo()
        numbers = key and self._get_sealer("link", key).open(token)
        if not numbers:
            return None
        company_id, partner_id, interaction_id = numbers
        env = self.sudo().with_context(active_test=False).env
        customer = env["customer.merged.contact"]._find_sudo(partner_id)
        company = env["res.company"].browse(company_id).exists()
        if not customer or not company:
            return None
        interaction = env["customer.interaction"].browse(interaction_id).exists()
        return UnsubscribeLink(customer, company, interaction)

    @api.model
    def _stop(self, link, one_click=False):
        """Set Do Not Mail, because the customer asked for it by a link.

        Asking again changes nothing and leaves no line in the history of consent.

        :param bool one_click: asked by the button of a mail program (RFC 8058)
        """
        if link.customer.do_not_mail:
            return
        note = self._get_note(link, one_click)
        link.customer._set_consent({"do_not_mail": True}, "web", note)
        link.interaction.write({"unsubscribed_at": fields.Datetime.now()})

    @api.model
    def _undo(self, link, undo_token):
        """Take back what :meth:`_stop` just did, from the page that said so.

        :return: whether the customer gets mail again
        """
        consent = self._get_undoable(link)
        expected = self._get_undo_token(consent)
        if not expected or undo_token != expected:
            return not link.customer.do_not_mail
        note = self.env._("Taken back on the page where mail was turned off")
        link.customer._set_consent({"do_not_mail": False}, "web", note)
        self.env["customer.interaction"].sudo().search(
            [
                ("partner_id", "=", link.customer.id),
                ("unsubscribed_at", ">=", consent.date),
            ]
        ).write({"unsubscribed_at": False})
        return True

    @api.model
    def _render_page(self, link, undone=False):
        """Return the page for a link (``None``: for one that does not work).

        :param bool undone: it was just taken back
        :return: a whole HTML document
        """
        values = {"state": "unknown", "shop": None, "undo_token": None}
        lang = get_lang(self.env).code
        if link:
            lang = link.customer._get_message_lang(link.company)
            stopped = link.customer.do_not_mail
            undo_token = self._get_undo_token(self._get_undoable(link))
            values.update(
                state="stopped" if stopped else "undone" if undone else "ask",
                shop=link.company._get_letterhead(),
                undo_token=undo_token,
                all_locations=self._reaches_all_locations(link),
            )
        direction = self.env["res.lang"]._get_data(code=lang).direction
        page = (
            self.env["ir.qweb"]
            .with_context(lang=lang)
            ._render(
                "auto_shop.customer_unsubscribe_page",
                {**values, "html_lang": lang.replace("_", "-"), "direction": direction},
            )
        )
        return Markup("<!DOCTYPE html>\n") + page

    def _reaches_all_locations(self, link):
        """Whether other locations write to this customer too: they all stop."""
        return not link.customer.company_id and bool(
            self.env["res.company"]
            .sudo()
            .search_count([("id", "!=", link.company.id)], limit=1)
        )

    def _get_note(self, link, one_click):
        """Return how it was asked, for the staff, in the language of the location.

        Without subject and location: a customer of several locations has one history.
        """
        company = link.company
        texts = self.with_context(lang=company.partner_id._get_message_lang(company))
        note = (
            texts.env._("By the unsubscribe button of the mail program")
            if one_click
            else texts.env._("On the page behind the link in an e-mail")
        )
        message = link.interaction.with_context(lang=texts.env.lang)
        if not message:
            return note
        return texts.env._(
            "%(how)s: %(message)s, %(date)s",
            how=note,
            message=message.purpose_id.name or "",
            date=format_date(texts.env, message.sent_at or message.planned_at),
        )

    def _get_undoable(self, link):
        """Return the line of consent that the page may take back, or none."""
        consents = self.env["customer.consent"].sudo()
        about = [
            ("partner_id", "=", link.customer.id),
            ("field_name", "=", "do_not_mail"),
        ]
        last = consents.search(about, limit=1)
        now = fields.Datetime.now()
        if (
            not last
            or last.granted
            or last.source != "web"
            or last.date < now - UNDO_TIME
            or not link.customer.do_not_mail
        ):
            return consents.browse()
        undone = consents.search_count(
            [
                *about,
                ("granted", "=", True),
                ("source", "=", "web"),
                ("date", ">", now - timedelta(days=1)),
            ],
            limit=UNDO_LIMIT,
        )
        return last if undone < UNDO_LIMIT else consents.browse()

    def _get_undo_token(self, consent):
        key = self._get_key_sudo()
        return self._get_sealer("undo", key).seal(consent.id) if consent else None

    @api.model
    def _get_sealer(self, kind, key):
        count = {"link": 3, "undo": 1}[kind]
        return Sealer(key, f"auto_shop.unsubscribe.{kind}", count)

    @api.model
    def _get_key_sudo(self, create=False):
        """Return the key of all links of this database.

        It moves with the database to another server, and stays when the suite is
        uninstalled, so that the links of old e-mails work when it comes back.
        """
        parameters = self.env["ir.config_parameter"].sudo()
        key = parameters.get_param(KEY_PARAMETER)
        if key or not create:
            return key
        now = self.env.cr.now()
        # Where two processes make one at once, the second is told to try again.
        self.env.cr.execute(
            SQL(
                """INSERT INTO ir_config_parameter
                          (key, value, create_uid, write_uid, create_date, write_date)
                   VALUES (%s, %s, %s, %s, %s, %s)
                   ON CONFLICT (key) DO NOTHING""",
                KEY_PARAMETER,
                generate_key(),
                self.env.uid,
                self.env.uid,
                now,
                now,
            )
        )
        parameters.invalidate_model()
        self.env.registry.clear_cache("stable")
        return parameters.get_param(KEY_PARAMETER)
