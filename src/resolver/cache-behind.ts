/** A `ResolverCache` behind another view of it: all goes through, but for what a view changes. */
import type { Name } from '../dns/name.ts'
import type { Absence, Remembered, ResolverCache, RRset, Trust } from './contract.ts'

/** Passes everything on to `cache`. */
export abstract class CacheBehind implements ResolverCache {
  protected readonly cache: ResolverCache

  constructor(cache: ResolverCache) {
    this.cache = cache
  }

  find(name: Name, type: number, nowSeconds: number, least: Trust): Remembered | undefined {
    return this.cache.find(name, type, nowSeconds, least)
  }

  keep(rrset: RRset, nowSeconds: number): void {
    this.cache.keep(rrset, nowSeconds)
  }

  keepAbsence(absence: Absence, nowSeconds: number): void {
    this.cache.keepAbsence(absence, nowSeconds)
  }

  keepFailure(...failure: Parameters<ResolverCache['keepFailure']>): void {
    this.cache.keepFailure(...failure)
  }

  forget(name: Name, type: number): void {
    this.cache.forget(name, type)
  }
}
