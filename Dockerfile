# The application: every command of `pointsman`; without arguments it runs `pointsman up`.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY router router
COPY pointsman_contract pointsman_contract
COPY pointsman_router pointsman_router
COPY store store
COPY ingest ingest
COPY analytics analytics
COPY alerts alerts
COPY migrations migrations
COPY pointsman pointsman
RUN python -m venv /opt/pointsman && /opt/pointsman/bin/pip install --no-cache-dir -c constraints.txt ./router .

FROM python:3.13-slim-bookworm
RUN useradd --system --no-create-home pointsman
COPY --from=build /opt/pointsman /opt/pointsman
ENV PATH=/opt/pointsman/bin:$PATH POINTSMAN_HTTP_HOST=0.0.0.0 POINTSMAN_HTTP_PORT=8474
USER pointsman
EXPOSE 8474
# SIGTERM finishes the batch and leaves the consumer group within ten seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD python -c "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"POINTSMAN_HTTP_PORT\"]}/healthz', timeout=2)"
ENTRYPOINT ["pointsman"]
CMD ["up"]
