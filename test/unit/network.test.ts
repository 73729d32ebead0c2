import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Address, Cidr } from "../../components";
import { requireDisjoint } from "../../components/network/disjoint";

const prefix = fc.integer({ min: 8, max: 30 });
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const cidr = fc.tuple(word, prefix).map(([value, length]) => {
  const size = 2 ** (32 - length);
  return Cidr.parse(`${Address.of(value - (value % size))}/${length}`);
});

describe("addresses and networks", () => {
  test("an address reads back what it writes", () => {
    fc.assert(fc.property(word, (value) => Address.parse(Address.of(value).toString()).value === value));
  });

  test("a network reads back what it writes", () => {
    fc.assert(fc.property(cidr, (network) => Cidr.parse(network.toString()).toString() === network.toString()));
  });

  test("every host number that a network gives out lies in it and is its own", () => {
    fc.assert(
      fc.property(cidr, fc.nat(250), (network, number) => {
        fc.pre(number >= 1 && number < network.size - 1);
        const host = network.host(number);
        return network.admits(host) && host.value - network.base.value === number;
      }),
    );
  });

  test("two networks overlap exactly when one holds the other's first address, either way round", () => {
    fc.assert(
      fc.property(cidr, cidr, (one, other) => {
        const last = (network: Cidr) => network.base.value + network.size - 1;
        const apart = last(one) < other.base.value || last(other) < one.base.value;
        return one.overlaps(other) === !apart && other.overlaps(one) === !apart;
      }),
    );
  });

  test.each([
    ["10.100.102.0", '"10.100.102.0" is not a CIDR: its prefix length is missing; did you mean "10.100.102.0/24"?'],
    ["10.100.102.5/24", '"10.100.102.5/24" is not a CIDR: it has host bits set; did you mean "10.100.102.0/24"?'],
    ["10.100.102.0/33", '"10.100.102.0/33" is not a CIDR: its prefix length must be a number from 0 to 32, not "33"'],
    ["10.100.102.0/x", '"10.100.102.0/x" is not a CIDR: its prefix length must be a number from 0 to 32, not "x"'],
    ["10.100.102.0/24/8", "is not a CIDR"],
    ["10.100.256.0/24", '"10.100.256.0" is not an IPv4 address'],
    ["10.100.02.0/24", '"10.100.02.0" is not an IPv4 address'],
    ["ten/24", '"ten" is not an IPv4 address'],
    ["", "is not a CIDR"],
  ])("the range %j is refused", (text, message) => {
    expect(() => Cidr.parse(text)).toThrow(message);
  });

  test("all overlaps are named at once", () => {
    const networks = [
      { name: "transit", cidr: "10.100.0.0/16" },
      { name: "servers", cidr: "10.100.102.0/24" },
      { name: "clients", cidr: "10.100.100.0/24" },
    ];
    expect(() => requireDisjoint("site", networks)).toThrow(
      /"transit" 10\.100\.0\.0\/16 overlaps network "servers".*\n.*overlaps network "clients"/,
    );
  });
});
