// validate_doc_update for CouchDB, the twin of gate.py: tests/vectors/gate.json holds both to the same verdicts.
// CouchDB runs it in an old engine, so it is written in ECMAScript 5.
function (doc, old, user, security) {
  var EDIT_BYTES = 262144, RECORD_BYTES = 4194304, ID_CHARACTERS = 200, VERSION_MOST = 2147483647;
  var RECORD_ID = /^record:([a-z][a-z0-9-]{0,60}):[0-9A-HJKMNP-TV-Z]{26}$/;
  var REPORT_BYTES = 16384, REPORT_ID = /^report:([0-9a-z]{1,32})$/;
  var MEDIA_ID = /^media:[0-9a-f]{64}$/;
  var AT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\/[0-9a-f]{4}\/[0-9a-z]{1,32}$/;
  var PATH = /^(\/[A-Za-z0-9_]{1,64}){1,16}$/;
  var ID = /^[ -~]+$/;
  var EDIT_TEXTS = ['id', 'at', 'by', 'device', 'app', 'sig'];

  var rounds = security.rounds;
  if (!isObject(rounds) || doc._id.indexOf('_design/') === 0) return;
  var admin = user.roles.indexOf('_admin') >= 0;
  if (rounds.kind === 'mailbox') checkMailbox(admin || user.roles.indexOf('hub') >= 0);
  else if (rounds.kind === 'media') checkMedia();
  else require_(admin, "Only the office's own programs write here.");

  function require_(holds, reason) {
    if (!holds) throw { forbidden: reason };
  }
  function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
  function isText(value) {
    return typeof value === 'string';
  }
  function characters(text) {
    return text.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, '_').length;
  }
  function areTexts(value) {
    return Array.isArray(value) && value.every(isText);
  }
  function isVersion(value) {
    return typeof value === 'number' && value % 1 === 0 && value > 0 && value <= VERSION_MOST;
  }
  // Bytes of UTF-8: a character beyond ASCII counts as it is written, two halves of a pair as two each.
  function length(value) {
    var text = JSON.stringify(value), bytes = 0;
    for (var i = 0; i < text.length; i++) {
      var code = text.charCodeAt(i);
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code < 0xe000 ? 2 : 3;
    }
    return bytes;
  }
  function checkTeam() {
    require_(doc.team === rounds.team, 'This mailbox belongs to the team ' + rounds.team + '; the document names another.');
  }
  function checkMailbox(trusted) {
    if (doc.type === 'record') {
      checkTeam();
      checkRecord(trusted);
      if (!admin) checkNothingIsErased();
      checkNothingIsMissing();
    } else if (doc.type === 'receipt' || doc.type === 'task') {
      require_(trusted, 'A ' + doc.type + ' is written by the office or a hub, not by a tablet.');
      checkTeam();
      require_(doc._id.indexOf(doc.type + ':') === 0, 'The id of a ' + doc.type + " begins with '" + doc.type + ":'.");
      if (doc.type === 'receipt' && !admin) {
        var own = doc.judge === user.name && doc._id.slice(-1 - user.name.length) === ':' + user.name;
        require_(own, 'A hub writes receipts under its own name alone.');
      }
    } else if (doc._deleted === true) {
      require_(admin, 'Nothing is deleted here; withdraw the record instead.');
    } else if (doc.type === 'report') {
      checkTeam();
      checkReport();
    } else {
      require_(false, 'A mailbox holds documents of the types record, receipt, task and report.');
    }
  }
  function checkRecord(trusted) {
    var found = RECORD_ID.exec(doc._id);
    require_(found, "The id of a record is 'record:<form>:<ULID>'.");
    require_(doc.form === found[1], 'The record\'s form is not the one that its id names.');
    require_(!('_attachments' in doc), 'A record carries no attachments; pictures travel as media documents.');
    require_(isVersion(doc.version), "The record's version must be a positive integer.");
    require_(Array.isArray(doc.edits) && doc.edits.length > 0, 'A record holds at least one edit.');
    doc.edits.forEach(function (edit) { checkEdit(edit, trusted); });
    // A merge may be longer than each of its leaves.
    require_(trusted || length(doc) <= RECORD_BYTES, 'A record may have ' + RECORD_BYTES + ' bytes at most.');
    if (doc._deleted !== true) require_(isObject(doc.answers), "The record's answers must be an object.");
  }
  function checkReport() {
    var found = REPORT_ID.exec(doc._id);
    require_(found && doc.device === found[1], "The id of a report is 'report:<device>'.");
    require_(!('_attachments' in doc), 'A report carries no attachments.');
    require_(length(doc) <= REPORT_BYTES, 'A report may have ' + REPORT_BYTES + ' bytes at most.');
  }
  function checkNothingIsMissing() {
    if (!isObject(old) || old.type !== 'record' || !Array.isArray(old.edits)) return;
    var kept = {};
    doc.edits.forEach(function (edit) { kept['id ' + edit.id] = true; });
    old.edits.forEach(function (edit) {
      var here = !isObject(edit) || !isText(edit.id) || kept['id ' + edit.id] === true;
      require_(here, 'An edit that this record held is missing; edits are only ever added.');
    });
  }
  function checkNothingIsErased() {
    var before = isObject(old) && Array.isArray(old.edits) ? old.edits : [];
    doc.edits.forEach(function (edit) {
      if (!isText(edit.erased)) return;
      var here = before.some(function (other) {
        return isObject(other) && other.erased === edit.erased && other.id === edit.id && other.at === edit.at && Object.keys(other).length === 3;
      });
      require_(here, 'An edit is erased by the office alone.');
    });
  }
  function checkEdit(edit, trusted) {
    require_(isObject(edit), 'Each edit is an object.');
    if (isText(edit.erased)) {
      require_(trusted, 'An edit is erased by the office or a hub, not by a tablet.');
      require_(Object.keys(edit).length === 3 && isText(edit.id) && isText(edit.at), 'An erased edit keeps id and at.');
      return;
    }
    EDIT_TEXTS.forEach(function (name) {
      require_(isText(edit[name]) && edit[name].length > 0 && characters(edit[name]) <= ID_CHARACTERS, "Each edit has a text '" + name + "'.");
    });
    require_(ID.test(edit.id), "An edit's id is plain ASCII text.");
    require_(AT.test(edit.at), "An edit's 'at' is not a time of a hybrid clock.");
    require_(isVersion(edit.version), "An edit's version must be a positive integer.");
    require_(edit.note === null || edit.note === undefined || isText(edit.note), "An edit's note is text or null.");
    checkPaths(edit);
    require_(length(edit) <= EDIT_BYTES, 'An edit may have ' + EDIT_BYTES + ' bytes at most.');
  }
  function checkPaths(edit) {
    require_(isObject(edit.set), "An edit's 'set' is an object of paths.");
    require_(areTexts(edit.unset), "An edit's 'unset' is a list of paths.");
    require_(isObject(edit.seen), "An edit's 'seen' is an object of paths.");
    Object.keys(edit.set).concat(edit.unset, Object.keys(edit.seen)).forEach(function (path) {
      require_(PATH.test(path), "'" + path.slice(0, 80) + "' is not the path of a field.");
    });
    Object.keys(edit.seen).forEach(function (path) {
      require_(areTexts(edit.seen[path]), "'seen' lists the ids of edits.");
    });
  }
  function checkMedia() {
    if (doc._deleted === true) {
      require_(admin, 'Pictures are not deleted here.');
      return;
    }
    require_(doc.type === 'media', 'This database holds documents of the type media.');
    checkTeam();
    // Its name is the digest of its bytes: there is nothing to change, and nobody may put another's out of sight.
    require_(admin || !old || old._deleted === true, 'A picture is never replaced by another.');
    require_(MEDIA_ID.test(doc._id), "The id of a media document is 'media:<sha256>'.");
    var names = isObject(doc._attachments) ? Object.keys(doc._attachments) : [];
    require_(names.length === 1 && names[0] === 'file', "A media document has one attachment, named 'file'.");
  }
}
