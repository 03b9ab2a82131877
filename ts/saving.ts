// The namespace `saving`: objects to and from Keras' JSON, and the registry of classes and functions of one's own.

export {
  type CustomObjects,
  customObjectScope,
  deserialize,
  deserialize as deserializeKerasObject,
  type DeserializeOptions,
  getCustomObjects,
  getRegisteredName,
  getRegisteredObject,
  registerKerasSerializable,
  type SerializedObject,
  serialize,
  serialize as serializeKerasObject,
} from "./saving/serialize.js";
