// The page at /docs: Swagger UI on the API's description, with what it lacks for this API.
import { keepToken, keptToken } from "../feed/token.ts";
import { prefersDark } from "../view/theme.ts";
import { indented } from "./indented.ts";
import type { Request } from "./swagger-ui.ts";

const shownMax = 100_000;
const answerWithinMs = 30_000;

/** The scheme's name in the description. */
const scheme = "bearer";

/** A request without a body that changes something is sent only when it is meant; a stream is read for a while only. */
function checked(request: Request): Request {
  if (request.loadSpec === true) return request;
  const { method = "GET", url, body } = request;
  const changes = method.toUpperCase() === "POST" && body === undefined;
  const isMeant = !changes || confirm(`${method} ${url} changes the service. Send it?`);
  request.signal = isMeant ? AbortSignal.timeout(answerWithinMs) : AbortSignal.abort(new Error("not sent"));
  return request;
}

document.documentElement.classList.toggle("dark-mode", prefersDark());

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayOperationId: false,
  // The role that each route needs.
  showExtensions: true,
  // Else the description is sent to a service that judges it.
  validatorUrl: null,
  requestInterceptor: checked,
  plugins: [
    // Swagger UI lays JSON out by reading and writing it, which rounds large numbers.
    () => ({
      wrapComponents: {
        responseBody:
          (original, { React }) =>
          (props) =>
            React.createElement(
              original,
              typeof props.content === "string" && /json/i.test(props.contentType)
                ? { ...props, content: indented(props.content).slice(0, shownMax), contentType: "text/plain" }
                : props,
            ),
      },
    }),
    // The token is the dashboard's as well.
    () => ({
      statePlugins: {
        auth: {
          wrapActions: {
            authorize: (original) => (payload) => {
              keepToken(String(payload[scheme]?.value ?? ""));
              return original(payload);
            },
          },
        },
      },
    }),
  ],
  onComplete: () => {
    const token = keptToken();
    if (token !== null && token !== "") ui.preauthorizeApiKey(scheme, token);
  },
});
