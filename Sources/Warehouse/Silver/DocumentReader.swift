import CSimdjson
import Foundation

/// Makes an activity's detail small before it goes to PostgreSQL as jsonb: the lists that silver does not use are cut out.
/// They make up nine tenths of a detail, and jsonb is slow to build.
enum DocumentReader {
    /// Fields of a detail that no file of `sql/silver` reads.
    static let unusedFields = [
        "segment_efforts", "best_efforts", "similar_activities", "photos", "stats_visibility", "partner_brand_tag", "highlighted_kudosers",
    ]

    /// The answer's object as JSON text without the unused fields.
    static func reduce(_ body: [UInt8]) throws(WarehouseError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        let names = unusedFields.map { $0.withCString { strdup($0) } }
        defer { for name in names { free(name) } }
        let status = names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
            fsj_object_without(body, body.count, names.baseAddress, names.count, &text, &length)
        }
        guard status == FSJ_OK, let text else { throw Self.error(status) }
        defer { fsj_text_free(text) }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }

    private static func error(_ status: fsj_status) -> WarehouseError {
        switch status {
        case FSJ_WRONG_SHAPE: WarehouseError(.unreadable, "the answer is JSON of another shape than expected")
        case FSJ_NO_MEMORY: WarehouseError(.unreadable, "the answer does not fit into memory")
        default: WarehouseError(.unreadable, "the answer is not JSON")
        }
    }
}
