// The routes of the users microservice.
import { badRequest, created, listed, ok, type Route } from "../routes.ts";
import { isUsername, parseNewUser } from "../rules/users.ts";
import type { UserRecords } from "./user-records.ts";

export const userRoutes = (users: UserRecords): readonly Route[] => [
  {
    path: "/api/v1/users",
    methods: {
      PUT: async ({ body, deadline }) => {
        const user = parseNewUser(body);
        if (user === undefined) return badRequest;
        return (await users.create(user, deadline)) === "created" ? created : badRequest;
      },
      GET: async ({ freshness, deadline }) => listed(await users.usernames(freshness, deadline)),
    },
  },
  {
    path: "/api/v1/users/:username",
    methods: {
      DELETE: async ({ params: { username }, deadline }) => {
        if (!isUsername(username)) return badRequest;
        return (await users.delete(username, deadline)) === "deleted" ? ok() : badRequest;
      },
    },
  },
];
