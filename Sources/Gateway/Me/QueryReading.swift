import Core
import Foundation
import Hummingbird
import OwnData

/// Reads the query of a program's request. What is unknown, named twice or malformed is refused with a sentence that says what is expected.
struct QueryReading: Sendable {
    private let values: [String: String]

    /// - Parameter allowed: the names that the route takes.
    init(_ request: Request, allowed: [String]) throws {
        var values: [String: String] = [:]
        for (name, value) in request.uri.queryParameters {
            guard allowed.contains(String(name)) else {
                let names = allowed.joined(separator: ", ")
                throw APIRefusal.badRequest(
                    allowed.isEmpty ? "This address takes no query." : "This address takes the query parameters \(names), and no others.")
            }
            guard values.updateValue(String(value), forKey: String(name)) == nil else {
                throw APIRefusal.badRequest("Name each query parameter once.")
            }
        }
        self.values = values
    }

    subscript(_ name: String) -> String? { values[name] }

    /// One of these words; nil: not given.
    func word(_ name: String, among words: [String]) throws -> String? {
        guard let value = values[name] else { return nil }
        guard words.contains(value) else {
            throw APIRefusal.badRequest("The query parameter \(name) must be one of \(words.joined(separator: ", ")).")
        }
        return value
    }

    /// Some of these words with commas between; nil: not given.
    func words(_ name: String, among words: [String]) throws -> [String]? {
        guard let value = values[name] else { return nil }
        let given = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard given.allSatisfy(words.contains), Set(given).count == given.count else {
            throw APIRefusal.badRequest("The query parameter \(name) must be a list, with commas, of \(words.joined(separator: ", ")).")
        }
        return given
    }

    func number(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = values[name] else { return nil }
        guard value.utf8.count <= 9, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(value), range.contains(number)
        else {
            throw APIRefusal.badRequest(
                "The query parameter \(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    func day(_ name: String) throws -> OwnDay? {
        guard let value = values[name] else { return nil }
        guard let day = OwnDay(value) else { throw APIRefusal.badRequest("The query parameter \(name) must be a day as 2026-01-31.") }
        return day
    }

    /// A day stands for its midnight in UTC.
    func instant(_ name: String) throws -> Date? {
        guard let value = values[name] else { return nil }
        if let day = OwnDay(value) { return day.midnight }
        if value.utf8.count <= 25, OwnDay(value.prefix(10)) != nil, let instant = try? Date(value, strategy: .iso8601) { return instant }
        throw APIRefusal.badRequest(
            "The query parameter \(name) must be a day as 2026-01-31, or an instant as 2026-01-31T06:30:00Z.")
    }
}
