// As much of Swagger UI as the page at /docs uses. Its bundle is a script of its own, which leaves this one function.

export interface Request {
  readonly method?: string;
  readonly url: string;
  readonly body?: string;
  /** True for the description itself. */
  readonly loadSpec?: boolean;
  signal?: AbortSignal;
}

interface Element {
  readonly swaggerUiElement: never;
}

interface ResponseBodyProps {
  /** A Blob where the answer is no text. */
  readonly content: unknown;
  readonly contentType: string;
}

type Component<P> = (props: P) => Element;

interface System {
  readonly React: { createElement<P>(component: Component<P>, props: P): Element };
}

type Authorized = Readonly<Record<string, { readonly value?: unknown }>>;

interface Plugin {
  readonly wrapComponents?: {
    readonly responseBody: (
      original: Component<ResponseBodyProps>,
      system: System,
    ) => Component<ResponseBodyProps>;
  };
  readonly statePlugins?: {
    readonly auth: {
      readonly wrapActions: {
        readonly authorize: (original: (payload: Authorized) => unknown) => (payload: Authorized) => unknown;
      };
    };
  };
}

interface SwaggerUi {
  /** Also fills in a bearer token. */
  preauthorizeApiKey(scheme: string, value: string): void;
}

interface Options {
  readonly url: string;
  readonly dom_id: string;
  readonly deepLinking: boolean;
  readonly displayOperationId: boolean;
  readonly showExtensions: boolean;
  readonly validatorUrl: null;
  readonly requestInterceptor: (request: Request) => Request;
  readonly plugins: readonly (() => Plugin)[];
  readonly onComplete: () => void;
}

declare global {
  var SwaggerUIBundle: (options: Options) => SwaggerUi;
}
