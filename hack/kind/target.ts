/** A cluster to install Polder into: one that runs pods, or a control plane alone with the programs beside it. */
export interface Target {
  readonly say: (line: string) => void;
  /** Standard output without the last newline. Rejects unless kubectl exits with 0. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>;
  /** Applies a kustomization, given relative to the root of the tree. */
  readonly apply: (folder: string) => Promise<void>;
  /** Resolves when the programs of these Deployments run as they were applied last. */
  readonly running: (namespace: string, deployments: readonly string[]) => Promise<void>;
}
