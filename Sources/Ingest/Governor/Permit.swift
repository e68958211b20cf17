import Core

/// One reserved call. Whoever holds it makes at most one request and then settles it.
public struct Permit: Sendable, Equatable {
    let id: UInt64
    public let requestClass: RequestClass
    public let athlete: AthleteID
}
