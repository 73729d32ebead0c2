import { describe } from "../problem/describe";

const OCTET = /^(0|[1-9]\d{0,2})$/;

/** An IPv4 address in dotted decimal (RFC 791); leading zeros are refused, since some read them as octal. */
export class Address {
  private constructor(
    /** The address as a number, from 0 to 2^32 - 1. */
    readonly value: number,
  ) {}

  /**
   * Reads one in dotted decimal.
   * @throws RangeError naming the text and what is allowed.
   * @example
   * const address = vnf.Address.parse("10.110.101.10");
   */
  static parse(text: string): Address {
    if (typeof text !== "string") throw new RangeError(`an address is ${describe(text)}: it must be a plain text`);
    const octets = text.split(".");
    if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255)) {
      throw new RangeError(
        `"${text}" is not an IPv4 address: write four numbers from 0 to 255 with dots between, such as 10.100.101.10`,
      );
    }
    return new Address(octets.reduce((value, octet) => value * 256 + Number(octet), 0));
  }

  /** The address that is this number, as `value` has it; from 0 to 2^32 - 1, which is not checked. */
  static of(value: number): Address {
    return new Address(value);
  }

  /** In dotted decimal. */
  toString(): string {
    return [24, 16, 8, 0].map((shift) => (this.value >>> shift) & 255).join(".");
  }
}
