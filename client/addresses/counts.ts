import { formatCount } from '../ui/format.ts'

/** The server looks at so many sightings of an address: the number then stands for "or more". */
const most = 1_000

export function countOf(value: number): string {
  return value >= most ? `${formatCount(most)}+` : formatCount(value)
}
