// What we read of a Swarm's nodes, services and tasks.

export interface SwarmNode {
  readonly ID: string;
  readonly Spec: { readonly Labels?: Readonly<Record<string, string>> };
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string };
}

export interface SwarmService {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly Mode: { readonly Replicated?: { readonly Replicas?: number } };
    readonly TaskTemplate: {
      readonly Placement?: { readonly Constraints?: readonly string[] };
      /** Another number makes another task necessary, though nothing else is changed. */
      readonly ForceUpdate?: number;
    };
  };
}

export interface SwarmTask {
  readonly ID: string;
  readonly ServiceID: string;
  readonly CreatedAt: string;
  /** Absent until it was given to one. */
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Timestamp: string;
    readonly Err?: string;
    readonly ContainerStatus?: {
      readonly ContainerID?: string;
      readonly PID?: number;
      readonly ExitCode?: number;
    };
  };
}
