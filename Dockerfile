# The service alone; the database and the TLS proxy are in docker-compose.yml. Debian's own Python, as ./run uses it.
FROM debian:bookworm-slim AS assets
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates nodejs npm python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY geodata geodata
COPY maps maps
RUN python3 -m maps.assets

FROM debian:bookworm-slim AS environment
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/run.txt requirements/run.txt
RUN python3 -m venv .venv \
 && .venv/bin/python -m pip install --disable-pip-version-check --no-cache-dir --require-hashes --only-binary :all: \
    -r requirements/run.txt

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --home-dir /var/lib/gridsvc --create-home --shell /usr/sbin/nologin gridsvc
WORKDIR /app
COPY --from=environment /app/.venv .venv
COPY --from=assets /app/.vendor .vendor
COPY pyproject.toml LICENSE ./
COPY geodata geodata
COPY maps maps
COPY gridsvc gridsvc
COPY deploy/ready.py deploy/ready.py
RUN .venv/bin/python -m compileall -q geodata maps gridsvc
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GRIDSVC_MODE=production GRIDSVC_DATA_DIR=/var/lib/gridsvc
USER gridsvc
VOLUME /var/lib/gridsvc
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/app/.venv/bin/python", "/app/deploy/ready.py"]
ENTRYPOINT ["/usr/bin/tini", "--", "/app/.venv/bin/python", "-m", "gridsvc"]
CMD ["serve", "--host", "0.0.0.0"]
