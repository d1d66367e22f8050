import type { Replacement } from '../module-replacements.ts';

export const PROTOBUF_REPLACEMENTS: readonly Replacement[] = [
  {
    kind: 'edited',
    module: 'protobufjs/src/type.js',
    because:
      'Makes one constructor per message type through new Function, for all types as soon as one is resolved. A closure that does the same to its fields costs a hundredth of it, and has the same name, which gax compares with "Any". Only the details of errors are read by these types.',
    edits: [
      [
        'var gen = util.codegen(["p"], mtype.name);',
        `return function () {
        var maps = [], lists = [];
        mtype.fieldsArray.forEach(function (field) {
            if (field.map) maps.push(field.name); else if (field.repeated) lists.push(field.name);
        });
        function Generic(p) {
            var i;
            for (i = 0; i < maps.length; ++i) this[maps[i]] = {};
            for (i = 0; i < lists.length; ++i) this[lists[i]] = [];
            if (p) for (var ks = Object.keys(p), k = 0; k < ks.length; ++k)
                if (p[ks[k]] != null && ks[k] !== "__proto__") this[ks[k]] = p[ks[k]];
        }
        Object.defineProperty(Generic, "name", { value: mtype.name });
        return Generic;
    };
    var gen;`,
      ],
    ],
  },
];
