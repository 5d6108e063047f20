"""Certificates for tests, made by `openssl`: an authority, and what it signs."""

import subprocess
from pathlib import Path
from typing import NamedTuple

_DAYS = 2
_CURVE = ("-pkeyopt", "ec_paramgen_curve:prime256v1")


class Issued(NamedTuple):
    """A certificate and its key, as PEM files; `password` is the key's, empty where it is not encrypted."""

    certificate: Path
    key: Path
    password: str = ""


class Authority:
    """Signs certificates. `directory` takes its files; two of them know nothing of each other."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self.file = directory / f"{name}.pem"
        self._key = directory / f"{name}.key"
        subject = ["-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE", "-days", str(_DAYS)]
        self._openssl(
            "req", "-x509", "-newkey", "ec", *_CURVE, "-nodes", *subject, "-keyout", self._key, "-out", self.file
        )

    def issue(self, name: str, *, names: str = "IP:127.0.0.1,DNS:localhost", password: str = "") -> Issued:
        """A certificate for these subject alternative names (openssl's form); valid for two days."""
        issued = Issued(self._directory / f"{name}.pem", self._directory / f"{name}.key", password)
        request = self._directory / f"{name}.csr"
        made = ["-keyout", issued.key, "-out", request]
        self._openssl("req", "-new", "-newkey", "ec", *_CURVE, "-nodes", "-subj", f"/CN={name}", *made)
        if password:
            encrypted = issued.key.with_suffix(".encrypted")
            how = ["-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{password}"]
            self._openssl("pkcs8", *how, "-in", issued.key, "-out", encrypted)
            encrypted.replace(issued.key)
        extensions = self._directory / f"{name}.extensions"
        extensions.write_text(f"subjectAltName={names}\n")
        signer = ["-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", _DAYS, "-extfile", extensions]
        self._openssl("x509", "-req", "-in", request, *signer, "-out", issued.certificate)
        issued.key.chmod(0o600)
        return issued

    def issue_expired(self, name: str) -> Issued:
        """A certificate whose time was over yesterday."""
        issued = self.issue(name)
        database, serial = self._directory / f"{name}.index", self._directory / f"{name}.serial"
        database.write_text("")
        serial.write_text("01\n")
        settings = self._directory / f"{name}.cnf"
        settings.write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nserial={serial}\nnew_certs_dir={self._directory}\n"
            "default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n"
            "[e]\nsubjectAltName=IP:127.0.0.1,DNS:localhost\n"
        )
        self._openssl(
            "ca",
            "-batch",
            "-config",
            settings,
            "-cert",
            self.file,
            "-keyfile",
            self._key,
            "-in",
            self._directory / f"{name}.csr",
            "-out",
            issued.certificate,
            "-notext",
            "-startdate",
            "20200101000000Z",
            "-enddate",
            "20200102000000Z",
        )
        return issued

    @staticmethod
    def _openssl(*arguments: object) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True)
