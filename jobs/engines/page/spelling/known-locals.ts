import type { Discovery } from '../hiding/discovery.ts'
import type { Admission, Admitted } from './admission.ts'

/**
 * Local parts that the page gives in ways that leave no doubt where they begin. Where tags or spaces stand inside an address of the text, they
 * tell: "listan<b>debian-gcc</b>@…" where a link names debian-gcc@…, or "debian- mimari @…" where one names debian-mimari@….
 */
export class KnownLocals {
  private readonly byDomain = new Map<string, string[]>()

  add({ admitted: { local, domain }, method }: Discovery): void {
    if (method === 'script' || method === 'attribute') return
    const locals = this.byDomain.get(domain)
    if (locals === undefined) this.byDomain.set(domain, [local])
    // a page with more at one domain is a list, and has no doubtful text
    else if (locals.length < 50) locals.push(local)
  }

  better(admitted: Admitted, admission: Admission): Admitted {
    const { local, domain } = admitted
    const other = this.byDomain
      .get(domain)
      ?.find((known) => known !== local && (local.endsWith(known) || isTailOf(local, known)))
    return (other !== undefined && admission.admit(other, domain)) || admitted
  }
}

function isTailOf(tail: string, whole: string): boolean {
  return whole.endsWith(tail) && /[._-]$/.test(whole.slice(0, -tail.length))
}
