# The same steps as bin/demo: the hash-pinned lock into .venv, a Chromium from the distribution, then serve.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
RUN python3 -m venv .venv
COPY requirements.lock ./
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY queue queue
COPY webapp webapp
COPY templates templates
COPY static static
COPY migrations migrations
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e .

FROM debian:12-slim
# tini reaps what killed browsers leave; the headless shell is half a browser's weight.
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 ca-certificates tini chromium-headless-shell fonts-noto-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 jobs
WORKDIR /app
COPY --from=build /app /app
RUN mkdir -p /data && chown jobs:jobs /data
# Not root: Chromium keeps its own sandbox where the kernel allows user namespaces.
USER jobs
ENV PATH=/app/.venv/bin:$PATH VAR_DIR=/data HOST=0.0.0.0 PORT=8000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["tini", "-g", "--"]
CMD ["script-jobs", "serve"]
