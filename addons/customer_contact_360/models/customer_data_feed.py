# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import re
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import SQL

from ..tools.secret import SecretChar
from .customer_data_feed_source import DATE_FORMATS

# Written by runs, which are not to fail for what a manager has yet to fill in.
SYSTEM_FIELDS = {"next_run", "entered_from", "problem_told"}


class OmissionRule(NamedTuple):
    """Which repair orders a provider must not be told of.

    :param code: kept with what was left out
    :param label: the reason, in words
    :param sql: the condition, on ``move`` and the joined tables; NULL leaves out too
    :param tables: the tables that it reads, beside ``move``
    """

    code: str
    label: str
    sql: SQL
    tables: tuple = ()


class CustomerDataFeed(models.Model):
    """Repair orders that a location passes on to somebody, every night.

    A provider is a value of ``provider`` and the methods ``_<provider>_agreement``,
    ``_columns``, ``_defaults``, ``_missing``, ``_omissions`` and
    ``_sources``; see those of ``other`` for what they return. A way to deliver is a
    value of ``delivery`` and the method ``_<delivery>_connect``.
    """

    _name = "customer.data.feed"
    _description = "Data Feed"
    # Odoo mails to whom a task is given only where there is a thread.
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, provider, id"
    _check_company_auto = True

    name = fields.Char(
        compute="_compute_name", store=True, readonly=False, precompute=True
    )
    company_id = fields.Many2one(
        "res.company",
        string="Location",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    setup_id = fields.Many2one(
        "customer.contact.setup",
        compute="_compute_setup_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    provider = fields.Selection(
        [("other", "Other")], required=True, readonly=True, default="other"
    )
    enabled = fields.Boolean(string="On", readonly=True, copy=False)
    account = fields.Char(help="The number or ID by which the receiver knows the shop.")
    # === When ===
    hour = fields.Float(
        string="Send At",
        required=True,
        default=2.0,
        help="The hour of the night, in the time zone of the location.",
    )
    next_run = fields.Datetime(readonly=True, copy=False)
    entered_from = fields.Datetime(
        string="Next File From",
        copy=False,
        help="The next file holds the repair orders that were posted since then, "
        "whatever date they bear. Set an earlier day to pass on orders once more, or "
        "the history of the shop.",
    )
    # === What ===
    file_format = fields.Selection(
        [
            ("csv", "Commas between columns (CSV)"),
            ("pipe", "Pipes between columns"),
            ("fixed", "Columns of fixed width"),
        ],
        required=True,
        default="csv",
    )
    with_header = fields.Boolean(
        string="Line of Headers", default=True, help="The first line names the columns."
    )
    file_pattern = fields.Char(
        string="File Name",
        required=True,
        help="{account} stands for the account, {YYYY}, {YY}, {MM} and {DD} for the "
        "day on which the file is made. A second file of the same name gets -2 before "
        "the dot: no file is ever overwritten.",
    )
    date_format = fields.Selection(DATE_FORMATS, required=True, default="YYYY-MM-DD")
    line_end = fields.Selection(
        [("crlf", "CR LF (Windows)"), ("lf", "LF (Unix)")],
        string="End of Line",
        required=True,
        default="crlf",
    )
    encoding = fields.Selection(
        [("utf-8", "UTF-8"), ("cp1252", "Windows-1252")],
        string="Characters",
        required=True,
        default="utf-8",
        help="Windows-1252 has no signs beyond Western European ones: a question mark "
        "takes their place.",
    )
    column_ids = fields.One2many(
        "customer.data.feed.column", "feed_id", string="Columns", copy=True
    )
    # === Where to ===
    delivery = fields.Selection(
        [
            ("ftp", "FTP"),
            ("ftps", "FTP over TLS (FTPS)"),
            ("sftp", "SFTP (SSH)"),
            ("none", "Download only"),
        ],
        required=True,
        default="ftp",
    )
    host = fields.Char(
        string="Server", help="Its name or address, such as ftp.example.com."
    )
    port = fields.Integer(
        compute="_compute_port",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="21 for FTP and FTPS, 22 for SFTP, unless the receiver says otherwise.",
    )
    username = fields.Char(string="User Name")
    password = SecretChar(
        copy=False,
        groups="auto_shop.group_manager",
        help="Seen by shop managers alone; it is in no log, message or export.",
    )
    directory = fields.Char(help="Where on the server. Empty: where one arrives.")
    passive = fields.Boolean(
        string="Passive Mode",
        default=True,
        help="We open the connection for the data. Leave it on unless the receiver "
        "asks for active mode.",
    )
    host_key = fields.Char(
        copy=False,
        readonly=True,
        help="The key by which the SFTP server is known. It is noted at the first Test "
        "Connection; a server with another key is refused.",
    )
    tls_certificate = fields.Text(
        string="Certificate of the Server",
        help="In PEM. Only for an FTPS server whose certificate no known authority has "
        "signed; the receiver gives it to you.",
    )
    # === Agreement and outcome ===
    agreement_id = fields.Many2one(
        "customer.data.feed.agreement",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    agreement_ids = fields.One2many(
        "customer.data.feed.agreement", "feed_id", string="Agreements"
    )
    agreed_by_id = fields.Many2one(related="agreement_id.user_id")
    agreed_at = fields.Datetime(related="agreement_id.agreed_at")
    run_ids = fields.One2many("customer.data.feed.run", "feed_id")
    last_run = fields.Datetime(
        string="Last File",
        compute="_compute_last_run",
        help="When the last one arrived.",
    )
    status = fields.Selection(
        [
            ("off", "Off"),
            ("on", "On"),
            ("failing", "Needs a look"),
            ("agreement", "New terms to agree to"),
        ],
        compute="_compute_status",
    )
    problem = fields.Char(
        compute="_compute_status", help="What keeps the file from arriving."
    )
    problem_told = fields.Boolean(
        readonly=True,
        copy=False,
        help="The manager was told of the problem; not again until it is over.",
    )

    _provider_unique = models.UniqueIndex(
        "(company_id, provider) WHERE provider <> 'other'",
        "This location already has a feed for this provider. Open that one.",
    )
    _due_idx = models.Index("(next_run) WHERE enabled IS TRUE")
    _hour_check = models.Constraint(
        "CHECK (hour >= 0 AND hour < 24)", "Enter the hour from 0:00 to 23:59."
    )
    _port_check = models.Constraint(
        "CHECK (port BETWEEN 1 AND 65535)", "Enter a port from 1 to 65535."
    )

    @api.depends("provider")
    def _compute_name(self):
        for feed in self:
            feed.name = feed.name or feed._get_provider_label()

    @api.depends("company_id")
    def _compute_setup_id(self):
        setups = self.env["customer.contact.setup"].search(
            [("company_id", "in", self.company_id.ids)]
        )
        by_company = setups.grouped("company_id")
        for feed in self:
            feed.setup_id = by_company.get(feed.company_id, False)

    @api.depends("delivery")
    def _compute_port(self):
        for feed in self:
            # A port of one's own is kept.
            if feed.port in (0, 21, 22):
                feed.port = 22 if feed.delivery == "sftp" else 21

    @api.depends("run_ids.sent_at")
    def _compute_last_run(self):
        latest = dict(
            self.env["customer.data.feed.run"]._read_group(
                [("feed_id", "in", self.ids)], ["feed_id"], ["sent_at:max"]
            )
        )
        for feed in self:
            feed.last_run = latest.get(feed._origin, False)

    @api.depends("enabled", "agreement_id", "run_ids.error", "run_ids.state")
    def _compute_status(self):
        runs = self.env["customer.data.feed.run"].search(
            [
                ("feed_id", "in", self.ids),
                ("error", "!=", False),
                ("state", "in", ("making", "waiting", "failed", "sending", "unknown")),
            ],
            order="id desc",
        )
        errors = {run.feed_id: run.error for run in runs}
        for feed in self:
            feed.problem = errors.get(feed._origin, False)
            if not feed.enabled:
                feed.status = "off"
            elif feed.problem:
                feed.status = "failing"
            else:
                feed.status = "on" if feed._is_agreed() else "agreement"

    @api.constrains("enabled", "agreement_id")
    def _check_agreement(self):
        for feed in self:
            agreement = feed.sudo().agreement_id
            if feed.enabled and (agreement.feed_id != feed or agreement.withdrawn_at):
                raise ValidationError(
                    self.env._(
                        "%s can be turned on only by somebody who agrees that data is "
                        "passed on: press Turn On.",
                        feed.name,
                    )
                )

    @api.constrains("file_pattern", "account")
    def _check_file_pattern(self):
        for feed in self:
            feed._get_file_name(fields.Date.today())

    @api.constrains("host", "username", "password", "directory")
    def _check_connection(self):
        for feed in self:
            for text in (feed.host, feed.username, feed.password, feed.directory):
                if text and not text.isprintable():
                    raise ValidationError(
                        self.env._(
                            "Server, user name, password and directory are one line "
                            "each. Type them in again."
                        )
                    )
            if feed.host and not re.fullmatch(r"[A-Za-z0-9_.:\-]+", feed.host):
                raise ValidationError(
                    self.env._(
                        "Enter the name of the server alone, such as "
                        "ftp.example.com, without ftp:// or a directory."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.default_get(["provider"])
        vals_list = [
            {**self._get_provider_defaults({**defaults, **vals}["provider"]), **vals}
            for vals in vals_list
        ]
        feeds = super().create(vals_list)
        for feed in feeds:
            if not feed.column_ids:
                feed.column_ids = feed._prepare_columns()
        return feeds

    def write(self, vals):
        if any(
            name in vals
            and feed[name]
            != feed._fields[name].convert_to_record(
                feed._fields[name].convert_to_cache(vals[name], feed), feed
            )
            for name in ("provider", "company_id")
            for feed in self
        ):
            raise UserError(
                self.env._("A feed keeps its provider and location. Make another one.")
            )
        if vals.keys() & {"host", "port"} and "host_key" not in vals:
            vals = {**vals, "host_key": False}
        turned_off = self.filtered("enabled") if vals.get("enabled") is False else []
        result = super().write(vals)
        if turned_off:
            turned_off._withdraw_sudo()
        if vals.keys() & {"hour", "enabled"}:
            self._schedule_next()
        if vals.keys() - SYSTEM_FIELDS:
            for feed in self.filtered("enabled"):
                feed._check_complete()
        return result

    def copy_data(self, default=None):
        return [
            {"name": self.env._("%s (copy)", feed.name), **vals, **(default or {})}
            for feed, vals in zip(self, super().copy_data(default=default), strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.sudo().run_ids:
            raise UserError(
                self.env._(
                    "What was passed on stays on record. Turn the feed off instead of "
                    "deleting it."
                )
            )

    # === ACTIONS ===

    def action_turn_on(self):
        """Show what is agreed to; the answer turns the feed on."""
        self.ensure_one()
        self.check_access("write")
        self._check_complete()
        version, text = self._call_provider("agreement")
        wizard = self.env["customer.data.feed.agree"].create(
            {"feed_id": self.id, "version": version, "text": text}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Turn On %s", self.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_agree(self, version):
        """Turn the feed on, as somebody who has read what he agrees to.

        :param str version: of the text that was shown
        :raise UserError: that text is not the one that holds now
        """
        self.ensure_one()
        self.check_access("write")
        self._check_complete()
        current, text = self._call_provider("agreement")
        if version != current:
            raise UserError(
                self.env._(
                    "The text has changed since it was shown. Press Turn On again and "
                    "read the new one."
                )
            )
        self._agree_sudo(version, text)
        self.write(
            {
                "enabled": True,
                "entered_from": self.entered_from or fields.Datetime.now(),
            }
        )

    def action_turn_off(self):
        """Stop passing on data. Files that did not arrive wait."""
        self.write({"enabled": False})

    def action_send_now(self):
        """Have a file made and sent at once, by the scheduled action."""
        for feed in self:
            feed.check_access("write")
            if not feed.enabled:
                raise UserError(
                    self.env._("%s is off. Press Turn On first.", feed.name)
                )
        self.next_run = fields.Datetime.now()
        self._wake()
        return self._notify(
            self.env._(
                "The file is being made. In a minute you find it under Files Sent."
            )
        )

    def action_test_connection(self):
        """Try server, user, password and directory; send nothing.

        :raise UserError: what is wrong, in words
        """
        self.ensure_one()
        self.check_access("write")
        return self._test_connection()

    def action_preview(self):
        """Show the first rows of the next file."""
        self.ensure_one()
        self.check_access("read")
        wizard = self.env["customer.data.feed.preview"].create({"feed_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("%s: Next File", self.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_open_runs(self):
        """Open the files of this feed."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Files Sent"),
            "res_model": "customer.data.feed.run",
            "view_mode": "list,form",
            "domain": [("feed_id", "in", self.ids)],
        }

    def action_open_omissions(self):
        """Open the repair orders that were left out and are still to be put right."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Left Out"),
            "res_model": "customer.data.feed.omission",
            "view_mode": "list",
            "domain": [("feed_id", "in", self.ids), ("sent_run_id", "=", False)],
        }

    def action_open_form(self):
        """Open the feed with its columns and files."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_reset_columns(self):
        """Put the columns back to what the provider's feed began with."""
        for feed in self:
            feed.check_access("write")
            feed.column_ids.unlink()
            feed.column_ids = feed._prepare_columns()

    def _notify(self, message, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": kind},
        }

    # === PROVIDERS ===

    def _call_provider(self, verb):
        """Call the method of the feed's provider for something; see the class."""
        return getattr(self, f"_{self.provider or 'other'}_{verb}")()

    def _other_agreement(self):
        """Return version and text of what is agreed to before data is passed on."""
        return "1", self.env._(
            "Every night the repair orders of %(location)s are passed on, with the "
            "columns of this feed: data of your customers and their vehicles may be "
            "among them. This is done because you ask for it. You answer for it that "
            "the receiver may have the data.",
            location=self.company_id.name,
        )

    def _other_columns(self):
        """Return the columns that a new feed has: ``(header, source, width)``."""
        return [
            ("order_number", "order_number", 20),
            ("order_date", "order_date", 10),
            ("vin", "vin", 17),
        ]

    def _other_defaults(self):
        """Return the values that a new feed has."""
        return {"file_pattern": "orders_{YYYY}{MM}{DD}.csv"}

    def _other_missing(self):
        """Return the labels of what must be filled in before the feed is turned on."""
        return self._get_missing_fields()

    def _other_omissions(self):
        """Return the ``OmissionRule`` s of what this provider must not be told."""
        return []

    def _other_sources(self):
        """Return the sources that columns may have; None: all."""
        return None

    @api.model
    def _get_provider_defaults(self, provider):
        if provider not in self._fields["provider"].get_values(self.env):
            return {}
        return getattr(self, f"_{provider}_defaults")()

    def _get_provider_label(self):
        return dict(self._fields["provider"]._description_selection(self.env)).get(
            self.provider
        )

    def _prepare_columns(self):
        return [
            Command.create(
                {
                    "sequence": position * 10,
                    "header": header,
                    "source": source,
                    "width": width,
                }
            )
            for position, (header, source, width) in enumerate(
                self._call_provider("columns"), 1
            )
        ]

    def _get_missing_fields(self, *names):
        """Return the labels of fields that are empty: ``names``, and the server's."""
        self.ensure_one()
        if self.delivery != "none":
            names += ("host", "username", "password")
        return [
            self._fields[name]._description_string(self.env)
            for name in names
            if not self[name]
        ]

    def _check_complete(self):
        missing = self._call_provider("missing")
        if not self.column_ids:
            missing.append(self.env._("Columns"))
        if missing:
            raise UserError(
                self.env._(
                    "%(feed)s needs more before it can be on. Fill in: %(fields)s.",
                    feed=self.name,
                    fields=", ".join(missing),
                )
            )

    # === AGREEMENT ===

    def _is_agreed(self):
        """Whether what holds now was agreed to: a new version asks again."""
        self.ensure_one()
        agreement = self.sudo().agreement_id
        return (
            bool(agreement)
            and not agreement.withdrawn_at
            and agreement.version == self._call_provider("agreement")[0]
        )

    def _agree_sudo(self, version, text):
        """Keep who agreed. As superuser: nobody may write agreements by hand."""
        feed = self.sudo()
        feed.agreement_id.filtered(
            lambda agreement: not agreement.withdrawn_at
        ).withdrawn_at = fields.Datetime.now()
        feed.agreement_id = feed.agreement_id.create(
            {
                "feed_id": self.id,
                "user_id": self.env.uid,
                "version": version,
                "text": text,
            }
        )

    def _withdraw_sudo(self):
        self.sudo().agreement_id.withdrawn_at = fields.Datetime.now()
