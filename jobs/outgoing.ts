export interface Outgoing {
  /** To be written: the guarded fetch and dial. */
  readonly todo: never
}

export function createOutgoing(_options: { allowHosts: string[]; userAgent: string }): Outgoing {
  return {} as Outgoing
}
