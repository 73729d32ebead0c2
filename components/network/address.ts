import { describe } from "../problem/describe";

const OCTET = /^(0|[1-9]\d{0,2})$/;

/** An IPv4 address in dotted decimal (RFC 791); leading zeros are refused, since some read them as octal. */
export class Address {
  private constructor(readonly value: number) {}

  /** @throws RangeError naming the text and what is allowed. */
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

  static of(value: number): Address {
    return new Address(value);
  }

  toString(): string {
    return [24, 16, 8, 0].map((shift) => (this.value >>> shift) & 255).join(".");
  }
}
