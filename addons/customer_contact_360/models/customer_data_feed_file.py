# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import re

from odoo import models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..tools.feed_file import FeedWriter

PREVIEW_ROWS = 20
# What a file name may hold; the rest would surprise one server or another.
FILE_NAME = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\- ]{0,99}")
TOKENS = re.compile(r"\{(\w+)\}")


class CustomerDataFeed(models.Model):
    """What is in the file of a feed."""

    _inherit = "customer.data.feed"

    def _get_lang(self):
        return self.company_id.partner_id.lang or "en_US"

    def _get_shop_values(self):
        """Return name, phone and address of the location, as the CRM Setup has them."""
        company = self.company_id or self.env.company
        setup = self.env["customer.contact.setup"]._get(company)
        return {
            "name": setup.business_name or company.name,
            "phone": setup.phone or company.phone,
            "street": ", ".join(filter(None, (company.street, company.street2))),
            "city": company.city,
            "state": company.state_id.code,
            "zip": company.zip,
            "country": company.country_id.code,
        }

    def _get_file_name(self, day, number=1):
        """Return the name of the file of a day, the second one with ``-2``.

        :raise ValidationError: the pattern does not make a file name
        """
        self.ensure_one()
        values = {
            "account": self.account or "",
            "YYYY": f"{day.year:04}",
            "YY": f"{day.year % 100:02}",
            "MM": f"{day.month:02}",
            "DD": f"{day.day:02}",
        }
        name = TOKENS.sub(
            lambda token: values.get(token[1], token[0]), self.file_pattern or ""
        )
        if number > 1:
            stem, dot, ending = name.rpartition(".")
            name = f"{stem}-{number}{dot}{ending}" if dot else f"{name}-{number}"
        if not FILE_NAME.fullmatch(name):
            raise ValidationError(
                self.env._(
                    "“%(name)s” is no name for a file. Use letters, digits, dots, "
                    "dashes and underscores, and {account}, {YYYY}, {YY}, {MM} or "
                    "{DD} for what changes.",
                    name=name,
                )
            )
        return name

    def _get_columns(self):
        """Return ``[(column, its Source, the text as SQL)]`` in order."""
        self.ensure_one()
        registry = self.env["customer.data.feed.source"]
        sources = registry._get_sources(self)
        allowed = self._call_provider("sources")
        result = []
        for column in self.column_ids.sorted():
            if not column.source:
                source = registry._get_constant(column.constant)
            elif allowed is None or column.source in allowed:
                source = sources[column.source]
            else:
                raise UserError(
                    self.env._(
                        "Column “%(header)s” holds what must not be passed on to "
                        "%(provider)s. Choose another source for it.",
                        header=column.header,
                        provider=self._get_provider_label(),
                    )
                )
            text = registry._get_text(self, source)
            if self.file_format == "fixed":
                text = registry._get_fixed(text, source.kind, column.width)
            result.append((column, source, text))
        return result

    def _get_candidates(self, since, until):
        """Return the condition of the repair orders of an interval, on ``move``.

        Half-open: who posted at ``until`` belongs to the next file. What was left out
        of an earlier file is looked at again.
        """
        window = SQL(
            "move.posted_at >= %s AND move.posted_at < %s",
            since,
            until,
        )
        if self._call_provider("omissions"):
            window = SQL(
                """(%s OR move.id IN (
                    SELECT move_id FROM customer_data_feed_omission
                     WHERE feed_id = %s AND sent_run_id IS NULL))""",
                window,
                self.id,
            )
        return SQL(
            """move.company_id = %s AND move.move_type = 'out_invoice'
               AND move.state = 'posted' AND move.vehicle_id IS NOT NULL AND %s""",
            self.company_id.id,
            window,
        )

    def _get_omission_sql(self):
        """Return the code of why an order must be left out, NULL when it need not be;
        and the tables that it reads."""
        rules = self._call_provider("omissions")
        if not rules:
            return None, ()
        cases = SQL(" ").join(
            SQL("WHEN (%s) IS NOT FALSE THEN %s", rule.sql, rule.code) for rule in rules
        )
        tables = {table for rule in rules for table in rule.tables}
        return SQL("CASE %s END", cases), tuple(tables)

    def _get_rows_query(self, since, until, whole_lines=False, latest_first=False):
        """Return the query of the rows of an interval, with the texts of the columns.

        They come in the order in which they were posted.

        :param whole_lines: one column, the line of a file of fixed width
        """
        registry = self.env["customer.data.feed.source"]
        columns = self._get_columns()
        omission, tables = self._get_omission_sql()
        texts = [text for _column, _source, text in columns]
        wanted = {table for _c, source, _t in columns for table in source.tables}
        return SQL(
            "SELECT %(texts)s FROM account_move AS move %(joins)s"
            " WHERE %(candidates)s AND %(right)s"
            " ORDER BY move.posted_at %(way)s, move.id %(way)s",
            texts=SQL(" || " if whole_lines else ", ").join(texts),
            joins=registry._get_joins(self, wanted.union(tables)),
            candidates=self._get_candidates(since, until),
            right=SQL("(%s) IS NULL", omission) if omission else SQL("TRUE"),
            way=SQL("DESC") if latest_first else SQL("ASC"),
        )

    def _get_preview(self):
        """Return ``(headers, rows, whether they are new)`` of the next file.

        When nothing is new, the latest orders serve as a sample.
        """
        self.ensure_one()
        self.env.flush_all()
        headers = [
            column.header or "" for column, _source, _text in self._get_columns()
        ]
        for since, is_new in ((self.entered_from or "infinity", True), (None, False)):
            query = self._get_rows_query(
                since or "-infinity", "infinity", latest_first=not is_new
            )
            rows = self.env.execute_query(SQL("%s LIMIT %s", query, PREVIEW_ROWS))
            if rows:
                return headers, rows, is_new
        return headers, [], False

    def _write_file(self, file, since, until):
        """Write the rows of an interval to a file, as PostgreSQL produces them.

        :return: the finished ``FeedWriter``, how many rows it holds
        """
        self.ensure_one()
        writer = FeedWriter(
            file, self.encoding, "\r\n" if self.line_end == "crlf" else "\n"
        )
        if self.with_header:
            writer.write(self._get_header_line().encode() + b"\n")
        fixed = self.file_format == "fixed"
        query = self._get_rows_query(since, until, whole_lines=fixed)
        # The texts hold neither of the two signs that are not a comma or a quote: so
        # only CSV quotes anything.
        delimiter, quote = {
            "csv": (",", '"'),
            "pipe": ("|", "\b"),
            "fixed": ("\x01", "\b"),
        }[self.file_format]
        cr = self.env.cr
        copy = SQL(
            "COPY (%s) TO STDOUT (FORMAT csv, DELIMITER %s, QUOTE %s, ENCODING 'UTF8')",
            query,
            delimiter,
            quote,
        )
        cr.copy_expert(cr.mogrify(copy.code, copy.params), writer)
        writer.finish()
        return writer, cr.rowcount

    def _get_header_line(self):
        headers = [
            (column.header or "", column.width) for column in self.column_ids.sorted()
        ]
        if self.file_format == "fixed":
            return "".join(f"{header[:width]:{width}}" for header, width in headers)
        if self.file_format == "pipe":
            return "|".join(header.replace("|", " ") for header, _width in headers)
        return ",".join(
            '"' + header.replace('"', '""') + '"'
            if set(header) & {",", '"'}
            else header
            for header, _width in headers
        )
