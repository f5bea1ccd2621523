# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CustomerDataFeedColumn(models.Model):
    """One column of the file of a data feed."""

    _name = "customer.data.feed.column"
    _description = "Column of a Data Feed"
    _order = "feed_id, sequence, id"
    _rec_name = "header"

    feed_id = fields.Many2one(
        "customer.data.feed", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="feed_id.company_id", store=True)
    sequence = fields.Integer(string="Position", default=10)
    header = fields.Char(help="Stands in the first line of the file, where it has one.")
    source = fields.Selection(
        selection="_selection_source",
        help="What the column is filled with. Empty: with the text beside it.",
    )
    constant = fields.Char(
        string="Text", help="The same in every row, where no source is chosen."
    )
    width = fields.Integer(
        default=20, help="In characters; for files with columns of fixed width."
    )

    _width_check = models.Constraint(
        "CHECK (width BETWEEN 1 AND 1000)",
        "Enter a width between 1 and 1000 characters.",
    )

    @api.model
    def _selection_source(self):
        feed = self.env["customer.data.feed"]
        sources = self.env["customer.data.feed.source"]._get_sources(feed)
        return [(code, source.label) for code, source in sources.items()]

    @api.constrains("source", "feed_id")
    def _check_source(self):
        """A provider may be told only what he was promised to be told."""
        for column in self:
            allowed = column.feed_id._call_provider("sources")
            if column.source and allowed is not None and column.source not in allowed:
                raise ValidationError(
                    self.env._(
                        "“%(column)s” must not be passed on to %(provider)s. Choose "
                        "another source for the column.",
                        column=dict(self._selection_source())[column.source],
                        provider=column.feed_id._get_provider_label(),
                    )
                )

    @api.constrains("header", "constant")
    def _check_texts(self):
        for column in self:
            for text in (column.header, column.constant):
                if text and not text.isprintable():
                    raise ValidationError(
                        self.env._(
                            "Headers and texts of columns cannot hold line breaks or "
                            "tabs. Take them out of “%s”.",
                            " ".join(text.split()),
                        )
                    )
