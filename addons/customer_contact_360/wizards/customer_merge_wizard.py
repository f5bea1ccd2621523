# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import csv
import io
import logging
import re
import tempfile
import zipfile
from itertools import islice

import pytz
import xlsxwriter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date, format_datetime
from odoo.tools.safe_eval import safe_eval

from ..models.customer_merge import LISTS

_logger = logging.getLogger(__name__)

# What a spreadsheet takes for the beginning of a formula
# (https://owasp.org/www-community/attacks/CSV_Injection).
FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)
# One document of more letters than this takes Word too long to open.
MOST_LETTERS = 2000
# The web client names no more records than this, and a domain beside them.
CLIENT_LIMIT = 20000
MIMETYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "zip": "application/zip",
}


class CustomerMergeWizard(models.TransientModel):
    """Customers of a list as a file for letters and labels."""

    _name = "customer.merge.wizard"
    _description = "Mail Merge"

    res_model = fields.Char(required=True, readonly=True)
    res_ids = fields.Json(readonly=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
        help="Whose name is on the letters.",
    )
    company_ids = fields.Json(
        string="Companies",
        readonly=True,
        default=lambda self: self.env.companies.ids,
    )
    record_count = fields.Integer(string="Selected", compute="_compute_record_count")
    left_out_count = fields.Integer(
        string="Left Out", compute="_compute_record_count", help="With Do Not Mail."
    )
    output = fields.Selection(
        [
            ("csv", "List (CSV)"),
            ("xlsx", "List (Excel)"),
            ("docx", "Letters (Word)"),
        ],
        string="Make",
        required=True,
        default="xlsx",
    )
    template_id = fields.Many2one("customer.merge.template", string="Letter")
    one_each = fields.Boolean(
        string="One File for Each Customer", help="All of them in one ZIP file."
    )
    mailable_only = fields.Boolean(
        string="Leave Out Do Not Mail",
        default=True,
        help="Customers who asked for no mail are not in the file.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        context = self.env.context
        model = context.get("active_model")
        if model in LISTS:
            ids = context.get("active_ids") or []
            if len(ids) >= CLIENT_LIMIT and context.get("active_domain"):
                domain = context["active_domain"]
                if isinstance(domain, str):
                    domain = safe_eval(domain)
                ids = self.env[model].search(domain).ids
            values.update(res_model=model, res_ids=ids)
        return values

    @api.depends("res_ids", "res_model", "mailable_only")
    def _compute_record_count(self):
        names = [column.name for column in self.env["customer.merge"]._get_columns()]
        place = names.index("do_not_mail")
        for wizard in self:
            wizard.record_count = len(wizard.res_ids or [])
            wizard.left_out_count = wizard.mailable_only and sum(
                bool(row[place]) for row in wizard._iterate(mailable_only=False)
            )

    def action_download(self):
        """Check what can be checked, and fetch the file."""
        self.ensure_one()
        self._check()
        return {
            "type": "ir.actions.act_url",
            "url": f"/customer_contact_360/merge/{self.id}",
            "target": "download",
        }

    def _check(self):
        user = self.env.user
        if not (
            user.has_group("auto_shop.group_manager")
            or user.has_group("base.group_allow_export")
        ):
            raise AccessError(
                self.env._(
                    "You are not allowed to export. Ask an administrator for the right."
                )
            )
        if self.output == "docx":
            if not self.template_id:
                raise UserError(
                    self.env._("Choose a letter, or upload one with New Letter.")
                )
            self.template_id.check_access("read")
        if not any(True for _row in self._iterate()):
            raise UserError(
                self.env._("There is no customer in this selection to write to.")
            )
        if self.output == "docx" and not self.one_each:
            if (
                sum(1 for _row in islice(self._iterate(), MOST_LETTERS + 1))
                > MOST_LETTERS
            ):
                raise UserError(
                    self.env._(
                        "One document takes %s letters at most. Select fewer "
                        "customers, or one file for each.",
                        MOST_LETTERS,
                    )
                )

    def _iterate(self, mailable_only=None):
        if self.res_model not in LISTS:
            raise UserError(self.env._("There is no mail merge for this list."))
        if mailable_only is None:
            mailable_only = self.mailable_only
        return self.env["customer.merge"]._iterate(
            self.res_model, self.res_ids or [], mailable_only
        )

    def _write_file(self):
        """Write the file, row by row.

        :return: ``(open file at its beginning, its name, its type)``
        """
        self.ensure_one()
        # In the locations that were open when the list was.
        companies = [
            self.company_id.id,
            *(number for number in self.company_ids if number != self.company_id.id),
        ]
        return self.with_context(allowed_company_ids=companies)._write_for_locations()

    def _write_for_locations(self):
        self._check()
        kind = "zip" if self.output == "docx" and self.one_each else self.output
        # On the disk, and gone when it is closed.
        file = tempfile.TemporaryFile()  # noqa: SIM115
        count = getattr(self, f"_write_{kind}")(file)
        _logger.info(
            "User %s merged %s rows of %s", self.env.uid, count, self.res_model
        )
        file.seek(0)
        name = (
            self.template_id.name if self.output == "docx" else self.env._("Customers")
        )
        name = re.sub(r"[^\w\- ]+", "", name).strip() or "letters"
        return file, f"{name}.{kind}", MIMETYPES[kind]

    def _write_csv(self, file):
        columns = self.env["customer.merge"]._get_columns()
        # Excel takes a file for UTF-8 by its first three bytes.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        writer = csv.writer(text)
        writer.writerow([column.name for column in columns])
        count = 0
        for row in self._iterate():
            writer.writerow(
                [
                    self._defuse(self._get_plain(column, value))
                    for column, value in zip(columns, row, strict=True)
                ]
            )
            count += 1
        text.flush()
        text.detach()
        return count

    def _write_xlsx(self, file):
        columns = self.env["customer.merge"]._get_columns()
        # Each row goes to the disk before the next; a text is never a formula or link.
        options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
        book = xlsxwriter.Workbook(file, options)
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(columns):
            sheet.write_string(0, number, column.name, bold)
            sheet.set_column(number, number, 16)
        count = 0
        for count, row in enumerate(self._iterate(), 1):
            for number, (column, value) in enumerate(zip(columns, row, strict=True)):
                if value is None:
                    continue
                if column.kind == "date":
                    sheet.write_datetime(count, number, value)
                elif column.kind == "moment":
                    sheet.write_datetime(count, number, self._to_local(value), moment)
                elif column.kind == "number":
                    sheet.write_number(count, number, value)
                else:
                    sheet.write_string(
                        count, number, str(self._get_plain(column, value))
                    )
        book.close()
        return count

    def _write_docx(self, file):
        rows = list(self._iterate_texts())
        self.template_id._merge_into(rows, file)
        return len(rows)

    def _write_zip(self, file):
        count = 0
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for count, row in enumerate(self._iterate_texts(), 1):
                name = re.sub(r"[^\w\- ]+", "", row["mailing_name"]).strip()
                with archive.open(f"{count:05} {name}.docx", "w") as target:
                    self.template_id._merge_into([row], target)
        return count

    def _iterate_texts(self):
        """Yield the rows as a letter says them, with dates in words of the language."""
        columns = self.env["customer.merge"]._get_columns()
        for row in self._iterate():
            yield {
                column.name: self._get_words(column, value)
                for column, value in zip(columns, row, strict=True)
            }

    def _get_words(self, column, value):
        if value is None:
            return ""
        if column.kind == "date":
            return format_date(self.env, value, date_format="long")
        if column.kind == "moment":
            return format_datetime(
                self.env, value, tz=self._get_zone().zone, dt_format="long"
            )
        return str(self._get_plain(column, value))

    def _get_plain(self, column, value):
        """Return a value as it stands in a list: dates as ISO 8601 has them."""
        if value is None:
            return ""
        if column.kind == "moment":
            return f"{self._to_local(value):%Y-%m-%d %H:%M}"
        if column.kind == "flag":
            return "Y" if value else "N"
        if column.kind == "phone":
            company = self.env.company
            return (
                company.partner_id._phone_format(
                    number=value,
                    country=company.country_id,
                    force_format="NATIONAL"
                    if value.startswith(f"+{company.country_id.phone_code}")
                    else "INTERNATIONAL",
                )
                or value
            )
        return value

    @api.model
    def _defuse(self, value):
        """Return a value that no spreadsheet takes for a formula."""
        if isinstance(value, str) and value.startswith(FORMULA_STARTS):
            return f"'{value}"
        return value

    def _to_local(self, moment):
        local = pytz.utc.localize(moment).astimezone(self._get_zone())
        return local.replace(tzinfo=None)

    def _get_zone(self):
        return pytz.timezone(self.env.company._get_shop_tz())
