# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""HTTP to a provider: tells what was never sent from what may have arrived.

Knows no records.
"""

import logging
import os
import re
import threading
from collections import deque
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException

import requests
import urllib3
from urllib3.exceptions import HTTPError

_logger = logging.getLogger(__name__)

# Seconds.
CONNECT_TIMEOUT = 5.0
LONGEST_WAIT = 24 * 3600


class Unreachable(Exception):
    """No connection came about: the request has certainly not been taken."""


class _SayWhenUnreachable:
    """Whatever goes wrong while a connection is opened, nothing was sent on it: name,
    refusal, time-out, certificate, proxy."""

    def connect(self):
        try:
            return super().connect()
        except (OSError, HTTPException, HTTPError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error


class _Connection(_SayWhenUnreachable, urllib3.connection.HTTPConnection):
    pass


class _SecureConnection(_SayWhenUnreachable, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def open_pool(base_url, threads, read_timeout):
    """Return connections to one address for ``threads`` requests side by side.

    Proxy and certificates come from the environment, as for all of Odoo's requests.
    Nothing is tried twice, and nothing is logged. A request raises `Unreachable` when
    it was never sent, and urllib3's `HTTPError` when it was and what became of it is
    not known.
    """
    options = {
        "maxsize": threads,
        "block": True,
        "retries": False,
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout),
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": os.environ.get("REQUESTS_CA_BUNDLE") or requests.certs.where(),
    }
    proxy = requests.utils.select_proxy(
        base_url, requests.utils.get_environ_proxies(base_url)
    )
    if proxy:
        proxy = requests.utils.prepend_scheme_if_needed(proxy, "http")
        headers = requests.adapters.HTTPAdapter().proxy_headers(proxy)
        pool = urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
    else:
        pool = urllib3.PoolManager(**options)
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return pool


def read_retry_after(value):
    """Return the seconds that a Retry-After header asks for: a number or a date.

    RFC 9110, 10.2.3; 0 for what says nothing.
    """
    value = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(int(value), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    seconds = int((when - datetime.now(timezone.utc)).total_seconds())
    return min(max(0, seconds), LONGEST_WAIT)


def side_by_side(function, items, threads):
    """Return `[function(item) for item in items]`, worked off by several threads.

    The caller's own thread works as well, so that a machine that gives no more threads
    (Odoo limits the address space, of which each thread reserves a good part) makes it
    slower and nothing else.
    """
    results = [None] * len(items)
    todo = deque(enumerate(items))

    def work():
        while todo:
            try:
                index, item = todo.popleft()
            except IndexError:
                return
            results[index] = function(item)

    workers = []
    for _index in range(min(threads, len(items)) - 1):
        worker = threading.Thread(target=work, daemon=True)
        try:
            worker.start()
        except RuntimeError as error:
            _logger.info("Fewer requests side by side: %s", error)
            break
        workers.append(worker)
    work()
    for worker in workers:
        worker.join()
    if None in results:
        # Its traceback is on the console; what is claimed is asked for later.
        raise RuntimeError("A request to the provider broke off")
    return results
