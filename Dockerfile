# The program with every verb; docker-compose.yml says which one a container runs.

# What browsers load is built apart: what builds it is not needed afterwards.
FROM node:22-bookworm-slim AS pages
WORKDIR /shopstream
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts
COPY schema.graphql svelte.config.js vite.config.ts vite.playground.config.ts ./
COPY frontend frontend
RUN npm run build

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /shopstream

# Dependencies first: they change less often than the code. Every binary comes inside a registry package, so no
# script has to run, and no compiler is needed.
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

COPY backend backend
COPY projections projections
COPY --from=pages /shopstream/frontend/dist frontend/dist
# What the program writes belongs to the user that it runs as.
RUN mkdir data reports mailbox && chown node:node data reports mailbox

# By number, so that an orchestrator that refuses root can tell.
USER 1000:1000
ENTRYPOINT ["node", "--max-semi-space-size=64", "--import", "tsx", "backend/cli/main.ts"]
CMD ["start"]
