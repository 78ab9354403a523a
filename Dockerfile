# One image for every program: orchestrator (API and controller), workers, command line. The stage `tools` is the same with the
# bench and the example in it. Programs run from their sources, which Node.js reads as they are; only the dashboard is compiled,
# for browsers.
# Built by `./dbaas up`, with BuildKit or with the classic builder. The layers with compilers and with node_modules depend
# on package.json, package-lock.json and patches/ alone, and a change of SQLite's extension compiles only that, so that a change of source
# rebuilds in seconds.
ARG NODE_IMAGE=node:24-bookworm-slim

# --- node_modules: sqlite3 and zookeeper are compiled against the headers that the node image carries ---
FROM ${NODE_IMAGE} AS modules
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 make g++ ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# ca.crt is there only where the machine trusts certificates of its own; wildcards make it and its folder optional.
COPY package.json package-lock.json .dbaa[s]/ca.cr[t] ./
COPY patches ./patches
ARG NPM_REGISTRY=
ENV npm_config_nodedir=/usr/local npm_config_build_from_source=true npm_config_update_notifier=false
RUN if [ -f ca.crt ]; then export NODE_EXTRA_CA_CERTS=/app/ca.crt; fi \
  && if [ -n "$NPM_REGISTRY" ]; then export npm_config_registry="$NPM_REGISTRY"; fi \
  && export JOBS="$(nproc)" MAKEFLAGS="-j$(nproc)" \
  && npm run packages \
  && ls node_modules/sqlite3/build/Release/node_sqlite3.node node_modules/zookeeper/build/Release/zookeeper.node
COPY worker/sqlite-extension/build.sh worker/sqlite-extension/dbaas.c ./worker/sqlite-extension/
RUN sh worker/sqlite-extension/build.sh && ls node_modules/sqlite3/build/Release/dbaas-*.so

# --- only what runs: no compiler, no linter, no object files ---
FROM modules AS runtime-modules
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && find node_modules/sqlite3 node_modules/zookeeper -mindepth 1 -maxdepth 1 \
       ! -name package.json ! -name build ! -name lib ! -name LICENSE -exec rm -rf {} + \
  && find node_modules/*/build -type d -name obj.target -prune -exec rm -rf {} + \
  && find node_modules/swagger-ui-dist -type f \
       ! -name package.json ! -name LICENSE ! -name NOTICE ! -name swagger-ui.css ! -name swagger-ui-bundle.js -delete \
  && find node_modules/@opentelemetry -type d \( -name esm -o -name esnext \) -prune -exec rm -rf {} +

FROM modules AS browser-code
COPY tsconfig.json ./
COPY core ./core
COPY dashboard ./dashboard
RUN npx tsc -p dashboard/tsconfig.json

FROM ${NODE_IMAGE} AS service
# A worker's connections to its copy can all be busy at a time, each in a thread of its own.
# What has megabytes, such as an answer, goes back to the system when it is freed: kept for later, it would double a worker's memory.
# What one thread has given back another one can use: with pools of their own twelve threads kept 150 MiB more, next to a worker's limit.
ENV NODE_ENV=production UV_THREADPOOL_SIZE=12 MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=runtime-modules /app/node_modules ./node_modules
COPY --from=browser-code /app/dist/dashboard ./dist/dashboard
COPY --from=browser-code /app/dist/core/sql ./dist/core/sql
COPY dashboard/static ./dashboard/static
COPY package.json ./
COPY core ./core
COPY platform ./platform
COPY api ./api
COPY worker ./worker
COPY controller ./controller
COPY orchestrator ./orchestrator
COPY cli ./cli
COPY client ./client
# A named volume mounted at /data or /backups takes over its owner. The controller has a user of its own, which the orchestrator puts in the
# group of the engine's socket.
RUN mkdir /data /backups compile-cache && chown node:node /data /backups && chmod 1777 compile-cache \
  && useradd --uid 1001 --no-user-group --gid nogroup --no-create-home --shell /usr/sbin/nologin controller
# Types are stripped and modules compiled here, once. The cache is a user's own, and read-only in the containers.
ENV NODE_COMPILE_CACHE=/app/compile-cache
COPY images/compile-cache.mjs ./
USER controller
RUN find core platform controller -name '*.ts' ! -name main.ts | node compile-cache.mjs
USER node
RUN find core platform api worker controller orchestrator cli client -name '*.ts' ! -name main.ts ! -name inspect.ts | node compile-cache.mjs
# A test holds the version against package.json.
LABEL org.opencontainers.image.title="Mini DBaaS" \
  org.opencontainers.image.description="A fault-tolerant, self-scaling database as a service, run by a reconciler" \
  org.opencontainers.image.version="1.0.0" \
  org.opencontainers.image.licenses="MIT"
CMD ["node", "orchestrator/main.ts"]

FROM service AS tools
COPY tools ./tools
COPY examples ./examples

# What is built where no stage is named.
FROM service
