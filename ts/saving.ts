// The namespace `saving`: objects to and from Keras' JSON, and the registry of classes and functions of one's own.

export {
  type CustomObjects,
  customObjectScope,
  type DeserializeOptions,
  deserialize,
  deserialize as deserializeKerasObject,
  getCustomObjects,
  getRegisteredName,
  getRegisteredObject,
  registerKerasSerializable,
  type SerializedObject,
  serialize,
  serialize as serializeKerasObject,
} from "./saving/serialize.js";
