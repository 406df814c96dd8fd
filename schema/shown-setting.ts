/** One setting of the server as people may see it: of a secret no more than whether it is set. */
export interface ShownSetting {
  name: string
  group: string
  /** What it is for. */
  does: string
  secret: boolean
  /** Whether the operator has set it. */
  given: boolean
  /** What holds now, by default too; null for secrets and where nothing holds. */
  value: string | null
  /** What comes of it that it is not set; null where it is, or nothing does. */
  missing: string | null
  /** With how the server is set otherwise, that is not as it should be. */
  worthALook: boolean
  example: string
}
