# The hash-pinned lock and the wheel into one environment, a Chromium from the distribution, then serve.
# With DATABASE_URL set, `--build-arg LOCK=requirements-server.lock` leaves out the embedded PostgreSQL.
FROM debian:12-slim AS build
ARG LOCK=requirements.lock
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
RUN python3 -m venv .venv
COPY requirements*.lock ./
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r "$LOCK"
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY queue queue
COPY webapp webapp
COPY templates templates
COPY static static
COPY migrations migrations
RUN /app/.venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM debian:12-slim
# tini reaps what killed browsers leave; the headless shell is half a browser's weight.
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 ca-certificates tini chromium-headless-shell fonts-noto-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 jobs
WORKDIR /app
COPY --from=build /app/.venv .venv
RUN mkdir -p /data && chown jobs:jobs /data
# Not root: Chromium keeps its own sandbox where the kernel allows user namespaces.
USER jobs
# What must outlive the container lies in /data: mount a volume there (`-v script-jobs:/data`), unless DATABASE_URL,
# FILES_URL, SECRETS_KEY and JWT_SECRET say where it is.
ENV PATH=/app/.venv/bin:$PATH VAR_DIR=/data HOST=0.0.0.0 PORT=8000
EXPOSE 8000
# It reads PORT, and knows a worker from a server by itself.
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["script-jobs", "health"]
ENTRYPOINT ["tini", "-g", "--"]
CMD ["script-jobs", "serve"]
