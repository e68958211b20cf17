/// FNV-1a with 64 bits (draft-eastlake-fnv): the same number on every machine and after every restart. Not for data that an attacker
/// chooses.
public func stableHash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
