# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..tools.sms_segments import count_segments, use_plain_signs
from ..tools.wording import WordingError, compile_wording

_logger = logging.getLogger(__name__)

CHANNELS = [
    ("email", "E-mail"),
    ("sms", "Text"),
    ("post", "Postcard"),
    ("phone", "Phone call"),
    ("memo", "Memo"),
]
# The wording fields of each channel: subject or title, then body, and whether
# the body is HTML.
WORDING_FIELDS = {
    "email": ("email_subject", "email_body", True),
    "sms": (None, "sms_body", False),
    "post": ("post_title", "post_body", True),
}


class CustomerInteractionPurpose(models.Model):
    """Why the shop writes to a customer, with the wording for each channel."""

    _name = "customer.interaction.purpose"
    _description = "Purpose of a Customer Message"
    _order = "sequence, name, id"
    _check_company_auto = True

    code = fields.Char(
        required=True,
        copy=True,
        help="Technical name by which the addons find this purpose.",
    )
    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        string="Location",
        index=True,
        help="Empty: for every location. A purpose of one location is used there "
        "instead of the shared one with the same code.",
    )
    description = fields.Char(
        string="When It Is Sent", translate=True, help="For the people who edit it."
    )
    category = fields.Selection(
        [("transactional", "About a job of the customer"), ("marketing", "Marketing")],
        required=True,
        default="transactional",
        help="Marketing waits for the hours in which customers may be written to and "
        "needs an address that has not unsubscribed.",
    )
    channel = fields.Selection(
        [("email", "E-mail"), ("sms", "Text"), ("post", "Postcard")],
        string="Usual Channel",
        required=True,
        default="sms",
    )
    ignore_quiet_hours = fields.Boolean(
        help="Send at any hour. Only for messages that a person triggers while the "
        "customer expects an answer.",
    )
    honour_do_not_mail = fields.Boolean(
        string="Stopped by Do Not Mail",
        default=True,
        help="Off: also sent to customers who asked for no mail, such as an estimate "
        "that they are waiting for.",
    )
    answers_customer = fields.Boolean(
        string="Direct Answer",
        help="Answers what the customer has just written, so it needs no Allow "
        "Texting. Numbers that texted STOP get nothing all the same.",
    )
    sms_body = fields.Text(string="Text Message", translate=True)
    email_subject = fields.Char(string="Subject", translate=True)
    email_body = fields.Html(string="E-mail", translate=True, sanitize="email_outgoing")
    post_title = fields.Char(string="Postcard Title", translate=True)
    post_body = fields.Html(string="Postcard", translate=True)

    _code_company_unique = models.UniqueIndex(
        "(code, COALESCE(company_id, 0)) WHERE active",
        "There is already a purpose with this code for this location.",
    )

    @api.constrains(
        "sms_body", "email_subject", "email_body", "post_title", "post_body"
    )
    def _check_wording(self):
        known = self.env["customer.interaction"]._merge_fields()
        for purpose in self:
            for subject_field, body_field, is_html in WORDING_FIELDS.values():
                for name, html in ((subject_field, False), (body_field, is_html)):
                    if name:
                        purpose._check_one_wording(name, purpose[name], html, known)

    @api.constrains("category", "ignore_quiet_hours", "answers_customer")
    def _check_marketing(self):
        for purpose in self:
            if purpose.category == "marketing" and (
                purpose.ignore_quiet_hours or purpose.answers_customer
            ):
                raise ValidationError(
                    self.env._(
                        "“%s” is marketing: it waits for the hours in which customers "
                        "may be written to, and needs their consent.",
                        purpose.name,
                    )
                )

    def _check_one_wording(self, field_name, source, is_html, known):
        label = self._fields[field_name]._description_string(self.env)
        try:
            render, names = compile_wording(source or "", is_html)
            # What fails for a customer of whom nothing is known, or little, is found
            # now and not when it is due.
            for value in ("", "x"):
                render(dict.fromkeys(names, value))
        except WordingError as error:
            reasons = {
                "syntax": self.env._("the braces do not match up: %s", error.args[1]),
                "forbidden": self.env._(
                    "only merge fields, “if” and “for” are possible, not “%s”",
                    error.args[1],
                ),
                "filter": self.env._("the filter “%s” is not available", error.args[1]),
                "render": self.env._(
                    "it cannot be filled in for a customer of whom little is known: %s",
                    error.args[1],
                ),
            }
            raise ValidationError(
                self.env._(
                    "%(purpose)s, %(field)s: %(reason)s.",
                    purpose=self.name,
                    field=label,
                    reason=reasons[error.args[0]],
                )
            ) from error
        if unknown := sorted(names - known.keys()):
            raise ValidationError(
                self.env._(
                    "%(purpose)s, %(field)s: there is no merge field %(unknown)s. "
                    "You can use: %(known)s.",
                    purpose=self.name,
                    field=label,
                    unknown=", ".join(unknown),
                    known=", ".join(sorted(known)),
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    def action_copy_for_company(self):
        """Make a copy that only the current location uses, and open it."""
        self.ensure_one()
        own = self.copy({"company_id": self.env.company.id, "name": self.name})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": own.id,
            "view_mode": "form",
        }

    @api.model
    @tools.ormcache("code", "company_id")
    def _get_id(self, code, company_id):
        purposes = self.sudo().search(
            [("code", "=", code), ("company_id", "in", (company_id, False))]
        )
        return purposes.sorted(lambda p: not p.company_id)[:1].id

    @api.model
    def _get(self, code, company=None):
        """Return the purpose with this code for a location, or an empty recordset.

        The location's own comes before the shared one; archived ones do not count.
        """
        company = company or self.env.company
        return self.browse(self._get_id(code, company.id) or ())

    def _has_wording(self, channel):
        return bool(self[WORDING_FIELDS[channel][1]])

    def _render(self, interactions, channel=None):
        """Render the wording of this purpose for many interactions at once.

        Compiled once for each language; merge values are read for the batch.

        :return: ``{interaction_id: {"subject": str, "body": str}}``; what cannot be
            rendered with its values is left out
        """
        self.ensure_one()
        channel = channel or self.channel
        subject_field, body_field, is_html = WORDING_FIELDS[channel]
        rendered = {}
        for lang, rows in interactions.grouped(lambda row: row._get_lang()).items():
            purpose = self.with_context(lang=lang)
            render, names = self._compile(
                purpose[subject_field] if subject_field else "",
                purpose[body_field],
                is_html,
            )
            values = rows.with_context(lang=lang)._merge_values(names)
            for row in rows:
                try:
                    rendered[row.id] = render(values[row.id])
                except WordingError as error:
                    # One customer's data must not hold up the messages of all others.
                    _logger.info("Wording of %s: %s", purpose.code, error.args[1])
        return rendered

    @api.model
    def _compile(self, subject, body, is_html):
        """Return a function of merge values, and the merge fields that it needs."""
        render_subject, names = compile_wording(subject or "")
        render_body, more = compile_wording(body or "", is_html)

        def render(values):
            text = render_body(values).strip()
            return {
                "subject": render_subject(values),
                "body": text if is_html else use_plain_signs(text),
            }

        return render, names | more

    def _preview(self, channel=None, **vals):
        """Return what a customer would get, without keeping anything.

        :param vals: values of a ``customer.interaction`` (ids), as for ``_plan``
        :return: ``{"subject", "body", "segments", "characters", "is_unicode"}``
        """
        self.ensure_one()
        channel = channel or self.channel
        row = self._new_preview_row(channel, vals)
        nothing = {"subject": "", "body": ""}
        return self._measure(channel, self._render(row, channel).get(row.id, nothing))

    def _new_preview_row(self, channel, vals):
        return self.env["customer.interaction"].new(
            {
                "company_id": self.env.company.id,
                **vals,
                "purpose_id": self.id,
                "channel": channel,
            }
        )

    @api.model
    def _measure(self, channel, rendered):
        segments = (
            count_segments(rendered["body"]) if channel == "sms" else (0, 0, False)
        )
        return {
            **rendered,
            "segments": segments[0],
            "characters": segments[1],
            "is_unicode": segments[2],
        }

    # === EDITOR ===

    def get_wording_help(self):
        """Return what the wording editor offers beside the text of this purpose.

        :return: ``{"merge_fields": [{"name", "label"}], "languages": [[code, name]],
            "partner_id": id, "event_id": id}``, the last two as an example
        """
        self.check_access("read")
        merge_fields = self.env["customer.interaction"]._merge_fields()
        return {
            "merge_fields": [
                {"name": name, "label": label} for name, label in merge_fields.items()
            ],
            "languages": self.env["res.lang"].get_installed(),
            **self._get_example(),
        }

    def _get_example(self):
        """Return the customer and the appointment to preview with; addons extend.

        The next appointment, else somebody who has bought something.
        """
        event = self.env["calendar.event"].search(
            [
                ("shop_state", "=", "booked"),
                ("customer_id", "!=", False),
                ("company_id", "=", self.env.company.id),
                ("start", ">=", fields.Datetime.now()),
            ],
            order="start",
            limit=1,
        )
        partner = (
            event.customer_id
            or self.env["sale.order"]
            .search([("company_id", "=", self.env.company.id)], limit=1)
            .partner_id
        )
        return {"partner_id": partner.id, "event_id": event.id}

    def preview_wording(
        self, channel, wording, partner_id=False, event_id=False, lang=False
    ):
        """Return a wording that may not be saved yet as a customer would get it.

        :param str channel: ``sms``, ``email`` or ``post``
        :param dict wording: ``subject`` and ``body`` as they stand in the editor, in
            the language of the user
        :param str lang: preview in this language; the customer's own unless given
        :return: as :meth:`_preview`, with ``html`` for a frame (not for texts), the
            labels of merge fields that are ``empty`` for this customer, ``lang``, and
            as ``warning`` a sentence when it does not fit on a card; or ``error``, a
            sentence, when the wording cannot be used
        """
        self.check_access("read")
        if channel not in WORDING_FIELDS:
            raise UserError(self.env._("There is no wording for this channel."))
        row = self._new_preview_row(
            channel, self._prepare_preview_vals(partner_id, event_id, lang)
        )
        subject_field, body_field, is_html = WORDING_FIELDS[channel]
        lang = row._get_lang()
        if self and lang != (self.env.lang or "en_US"):
            # The editor shows another language: this one is as it was saved.
            purpose = self.with_context(lang=lang)
            wording = {"subject": subject_field and purpose[subject_field]}
            wording["body"] = purpose[body_field]
        known = row._merge_fields()
        try:
            for name, key, html in (
                (subject_field, "subject", False),
                (body_field, "body", is_html),
            ):
                if name:
                    self._check_one_wording(name, wording.get(key), html, known)
        except ValidationError as error:
            return {"error": str(error)}
        render, names = self._compile(
            wording.get("subject"), wording.get("body"), is_html
        )
        values = row.with_context(lang=lang)._merge_values(names)[row.id]
        try:
            rendered = self._measure(channel, render(values))
        except WordingError as error:
            return {"error": error.args[1]}
        html, warning = "", ""
        if channel == "post":
            html, warning = row._preview_postcard(rendered)
        elif is_html:
            html = row._get_preview_html(rendered)
        return {
            **rendered,
            "html": html,
            "warning": warning,
            "empty": [known[name] for name in sorted(names) if not values[name]],
            "lang": lang,
        }

    def _prepare_preview_vals(self, partner_id, event_id, lang):
        """Return the values of an example message to this customer."""
        partner = self.env["res.partner"].browse(partner_id or ())
        event = self.env["calendar.event"].browse(event_id or ())
        partner.check_access("read")
        event.check_access("read")
        company = self.company_id or self.env.company
        partner = partner or event.customer_id
        order = event.work_order_id or self.env["sale.order"].search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
            ],
            limit=1,
        )
        vehicle = event.vehicle_id or order.vehicle_id
        if not vehicle and partner:
            vehicle = vehicle.search([("owner_id", "=", partner.id)], limit=1)
        if lang and partner:
            partner = partner.new({"lang": lang}, origin=partner)
        return {
            "company_id": company.id,
            "partner_id": partner,
            "event_id": event.id,
            "told_start": event.start or self._get_example_start(company),
            "work_order_id": order.id,
            "vehicle_id": vehicle.id,
            "user_id": self.env.uid,
        }

    def _get_example_start(self, company):
        """Tomorrow at nine at the shop."""
        zone = pytz.timezone(company._get_shop_tz())
        today = pytz.utc.localize(fields.Datetime.now()).astimezone(zone).date()
        start = zone.localize(datetime.combine(today + timedelta(days=1), time(9)))
        return start.astimezone(pytz.utc).replace(tzinfo=None)
