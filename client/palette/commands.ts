export interface Command {
  label: string
  group: string
  icon: string
  /** Said in grey behind the label. */
  hint?: string
  keys?: string
  run(): unknown
}

/** Commands whose words begin with what was typed come first, then those that hold all of its words somewhere. Nothing typed: all. */
export function rankCommands(commands: readonly Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const holds = commands.filter(({ label, group }) =>
    words.every((word) => `${label} ${group}`.toLowerCase().includes(word)),
  )
  const first = words[0]
  if (first === undefined) return holds
  const begins = ({ label }: Command) =>
    label
      .toLowerCase()
      .split(' ')
      .some((word) => word.startsWith(first))
  return [...holds.filter(begins), ...holds.filter((command) => !begins(command))]
}
