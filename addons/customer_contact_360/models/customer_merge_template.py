# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import base64
import io
import zipfile

from lxml import etree
from mailmerge import MailMerge

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# What a letter may weigh: it is read whole for each merge.
MOST_BYTES = 10 * 1024 * 1024


class CustomerMergeTemplate(models.Model):
    """A letter of the shop: a Word file with merge fields."""

    _name = "customer.merge.template"
    _description = "Letter for Mail Merge"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        string="Location",
        default=lambda self: self.env.company,
        index=True,
        help="Empty: every location can use it.",
    )
    file = fields.Binary(string="Word File (.docx)", required=True, attachment=True)
    file_name = fields.Char()
    field_names = fields.Char(
        string="Merge Fields", compute="_compute_field_names", help="Those in the file."
    )

    @api.depends("file")
    def _compute_field_names(self):
        for template in self.with_context(bin_size=False):
            template.field_names = ", ".join(sorted(template._read_field_names()))

    @api.constrains("file")
    def _check_file(self):
        known = {column.name for column in self.env["customer.merge"]._get_columns()}
        for template in self.with_context(bin_size=False):
            names = template._read_field_names()
            if names is None:
                raise ValidationError(
                    self.env._(
                        "This is not a Word file. Save the letter in Word as “Word "
                        "document (.docx)” and upload that."
                    )
                )
            if unknown := sorted(names - known):
                raise ValidationError(
                    self.env._(
                        "There is no merge field %(unknown)s. You can use: %(known)s.",
                        unknown=", ".join(unknown),
                        known=", ".join(sorted(known)),
                    )
                )

    def _read_field_names(self):
        """Return the merge fields of the file, ``None`` when it is no Word file."""
        self.ensure_one()
        content = base64.b64decode(self.file or b"")
        if len(content) > MOST_BYTES:
            raise ValidationError(
                self.env._("The file is larger than 10 MB. Make its pictures smaller.")
            )
        try:
            with MailMerge(io.BytesIO(content)) as document:
                names = set(document.get_merge_fields())
                # What only a merge needs of the file is missed now, not later.
                document.merge_templates([{}], separator="page_break")
            return names
        except (zipfile.BadZipFile, KeyError, ValueError, etree.XMLSyntaxError):
            return None

    def _merge_into(self, rows, target):
        """Write one document of a page or more for each row.

        :param list rows: dicts of texts
        :param target: a binary file
        """
        self.ensure_one()
        content = base64.b64decode(self.with_context(bin_size=False).file)
        with MailMerge(io.BytesIO(content)) as document:
            document.merge_templates(rows, separator="page_break")
            document.write(target)
